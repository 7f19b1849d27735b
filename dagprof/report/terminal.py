"""The summary in the terminal: short, calm, the same on a screen, in a pipe and in a CI log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagprof.analyse.comparison import Change, Comparison
from dagprof.analyse.frames import imports_frame, records, statements_frame
from dagprof.gate import Outcome, Verdict, describe
from dagprof.model import FileResult, Run
from dagprof.report import figures
from dagprof.report.escape import safe_text
from dagprof.report.figures import count, duration

LIMIT = 10
_BAR = 12
_PIECES = {"utf": "█▓▒░·", "ascii": "#=+-."}
_SMALLEST_MS = 1.0


def render(
    run: Run,
    *,
    console: Console,
    comparison: Comparison | None = None,
    verdict: Verdict | None = None,
    written: Sequence[Path] = (),
) -> None:
    """Print the summary of a Run, and of its comparison with a baseline where there is one."""
    environment = run.environment
    console.print()
    console.print(Text(figures.headline(run), style="bold"))
    console.print(
        Text(
            f"Airflow {environment.airflow_version}, Python {environment.python_version}, {run.settings.get('temperature')} "
            f"temperature; measured in {duration(run.wall_s * 1000)}.",
            style="dim",
        )
    )
    _files(run, console)
    _imports(run, console)
    _statements(run, console)
    _failures(run, console)
    if comparison is not None:
        render_comparison(comparison, console=console)
    _doubts(run, console)
    if verdict is not None:
        _verdict(verdict, console)
    for path in written:
        console.print(Text(f"Written: {path}"), soft_wrap=True)


def _table(title: str, *columns: tuple[str, str]) -> Table:
    table = Table(title=Text(title, style="bold"), title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name, kind in columns:
        if kind == "figure":
            table.add_column(name, justify="right", no_wrap=True)
        else:
            table.add_column(name, no_wrap=kind == "bar", overflow="fold" if kind == "wrap" else "ellipsis", ratio=None)
    return table


def _is_wide(console: Console) -> bool:
    return console.width >= 100


def _files(run: Run, console: Console) -> None:
    timed = sorted((file for file in run.files if file.is_timed), key=lambda file: -file.parse_ms)[:LIMIT]
    if not timed:
        return
    pieces = _PIECES["utf" if "utf" in (console.encoding or "").lower() else "ascii"]
    shown = [
        name for position, name in enumerate(figures.STAGES) if position or any(figures.stages(f)[0] for f in timed)
    ]
    names = shown if _is_wide(console) else []
    table = _table(
        f"Slowest files ({', '.join(f'{piece} {name}' for piece, name in zip(pieces[-len(shown) :], shown, strict=True))})",
        ("parse", "figure"),
        ("±", "figure"),
        *((name, "figure") for name in names),
        ("", "bar"),
        ("file", "text"),
    )
    for file in timed:
        stages = figures.stages(file)[-len(shown) :]
        cells = [
            duration(file.parse_ms),
            f"{file.samples.spread_ms:.0f}",
            *(duration(ms) if ms >= 0.05 else "-" for ms in stages[: len(names)]),
        ]
        bar = _bar(stages, timed[0].parse_ms, pieces[-len(shown) :])
        table.add_row(*cells, bar, _path(file.path, console, file))
    console.print()
    console.print(table)


def _path(path: str, console: Console, file: FileResult | None = None) -> Text:
    width = max(24, console.width - (86 if _is_wide(console) else 40))
    shown = safe_text(path)
    text = Text(shown if len(shown) <= width else "…" + shown[1 - width :])
    if file is not None and file.status.is_failure:
        text.append(f" ({figures.status(file.status)})", style="red")
    return text


def _bar(stages: Sequence[float], longest_ms: float, pieces: str) -> str:
    """A bar as long as the file's share of the slowest, in pieces by stage."""
    total = sum(stages)
    length = max(1, round(_BAR * total / longest_ms)) if longest_ms else 0
    bar, reached = "", 0.0
    for ms, piece in zip(stages, pieces, strict=True):
        reached += ms
        bar += piece * (round(length * reached / total) - len(bar)) if total else ""
    return bar


def _imports(run: Run, console: Console) -> None:
    frame = imports_frame(run, by="distribution")
    frame = frame[(frame["cumulative_ms"] >= _SMALLEST_MS) & (frame["name"] != "standard library")].head(LIMIT)
    if frame.empty:
        return
    versions = run.environment.distributions
    table = _table(
        "Costliest imports, over all files",
        ("total", "figure"),
        ("own", "figure"),
        ("files", "figure"),
        ("import", "text"),
    )
    for row in records(frame):
        name = safe_text(str(row["name"]), 60)
        version = versions.get(str(row["name"]), "")
        label = f"{name} {version}" if version else f"{name} (your code)" if row["origin"] == "user" else name
        table.add_row(
            duration(float(row["cumulative_ms"])), duration(float(row["self_ms"])), str(row["files"]), Text(label)
        )
    console.print()
    console.print(table)


def _statements(run: Run, console: Console) -> None:
    frame = statements_frame(run)
    frame = frame[
        (frame["self_ms"] >= _SMALLEST_MS) & (frame["kind"] != "body") & ~frame["is_partial"].astype(bool)
    ].head(LIMIT)
    if frame.empty:
        return
    table = _table(
        "Slowest top-level statements",
        ("time", "figure"),
        ("waiting", "figure"),
        ("runs", "figure"),
        ("where", "text"),
        ("statement", "text"),
    )
    width = max(20, console.width - 72)
    for row in records(frame):
        waiting = float(row["waiting_ms"])
        table.add_row(
            duration(float(row["self_ms"])),
            duration(waiting) if waiting >= _SMALLEST_MS else "-",
            f"{row['count']:,}",
            Text(f"{safe_text(str(row['path']), 60)}:{row['line']}"),
            Text(safe_text(str(row["text"]), width), no_wrap=True, overflow="ellipsis"),
        )
    console.print()
    console.print(table)


def _failures(run: Run, console: Console) -> None:
    failed = [file for file in run.files if file.status.is_failure]
    if not failed:
        return
    console.print()
    console.print(Text(f"Could not be loaded ({len(failed)})", style="bold red"))
    for file in failed[: 2 * LIMIT]:
        line = next((f":{failure.line}" for failure in file.failures if failure.line), "")
        text = Text(f"  {safe_text(file.path)}{line}  ")
        text.append(f"{figures.status(file.status)}: ", style="red")
        text.append(safe_text(figures.why_failed(file), 240))
        console.print(text)
    if len(failed) > 2 * LIMIT:
        console.print(f"  and {len(failed) - 2 * LIMIT} more; the report has all of them.")


def render_comparison(comparison: Comparison, *, console: Console) -> None:
    """Print a comparison: totals, what became slower and faster, what cannot be told, what to keep in mind."""
    console.print()
    slower, faster = comparison.of(Change.SLOWER), comparison.of(Change.FASTER)
    added, removed, unsure = (comparison.of(change) for change in (Change.ADDED, Change.REMOVED, Change.UNSURE))
    console.print(
        Text(
            f"Against the baseline: {duration(comparison.baseline_total_ms)} → {duration(comparison.current_total_ms)}; "
            f"{len(slower)} slower, {len(faster)} faster, {len(added)} added, {len(removed)} removed, {len(unsure)} unsure",
            style="bold",
        )
    )
    for word, files, style in (("slower", slower, "red"), ("faster", faster, "green"), ("unsure", unsure, "yellow")):
        for file in files[:LIMIT]:
            text = Text(f"  {word}  ", style=style)
            text.append(safe_text(describe(file), 400), style="default")
            console.print(text)
    for sentence in comparison.warnings:
        console.print(Text(f"  note    {safe_text(sentence, 400)}", style="dim"))


def _doubts(run: Run, console: Console) -> None:
    lines = [line for line in (figures.skipped(run), figures.untraced(run)) if line]
    lines += [safe_text(doubt.text, 400) for doubt in run.doubts]
    stubbed = [file for file in run.files if any(doubt.code == "stubbed" for doubt in file.doubts)]
    if stubbed:
        lines.append(
            f"Stubs answered for Variables or Connections in {count(len(stubbed), 'file')}; "
            "what the look-ups cost is not in the times (--variables, --connections)."
        )
    busy = [file for file in run.files if any(doubt.code == "busy" for doubt in file.doubts)]
    if busy:
        lines.append(
            f"The machine was busy: {count(len(busy), 'file')} waited for a processor that other programs used. "
            "Wall times are too long; CPU times are in the report."
        )
    others = [(file, doubt) for file in run.files for doubt in file.doubts if doubt.code not in ("stubbed", "busy")]
    lines += [f"{safe_text(file.path)}: {safe_text(doubt.text, 400)}" for file, doubt in others[:LIMIT]]
    if len(others) > LIMIT:
        lines.append(f"and {count(len(others) - LIMIT, 'more doubt')}, in the report.")
    if lines:
        console.print()
        console.print(Text("To keep in mind", style="bold"))
        for line in lines:
            console.print(Text(f"  {line}"))


def _verdict(verdict: Verdict, console: Console) -> None:
    style = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.CANNOT_TELL: "yellow"}[verdict.outcome]
    console.print()
    console.print(Text(f"Gate: {verdict.outcome.value}. {verdict.reason}", style=style))
    for reason in verdict.reasons[: 2 * LIMIT]:
        console.print(Text(f"  {safe_text(reason, 400)}"))
