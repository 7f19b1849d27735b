"""The summary in the terminal. The summary is the same on a screen, in a pipe and in a CI log, in
any encoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dagprof.analyse.comparison import Comparison
from dagprof.analyse.fleet import Fleet, Plan
from dagprof.analyse.frames import imports_frame, records, statements_frame
from dagprof.analyse.others import Others, others
from dagprof.gate.verdict import Decision, Verdict
from dagprof.judge.judgement import Outcome
from dagprof.model import FileResult, Run
from dagprof.quantities import count, duration
from dagprof.report import answer, figures, notes
from dagprof.report.answer import Sentence
from dagprof.report.changes import WORDS, describe
from dagprof.report.escape import safe_text
from dagprof.report.text import effects, failures, plan, plugins, production
from dagprof.report.text.screen import columns, is_unicode, titled, within_encoding
from dagprof.report.verdict import words

LIMIT = 10
_BAR = 12
_PIECES = {True: "▚█░▓▒·▞", False: "@#-=+.%"}
_SMALLEST_MS = 1.0
_COUNTED = (Outcome.REGRESSION, Outcome.IMPROVEMENT, Outcome.NEW, Outcome.GONE, Outcome.CANNOT_TELL)
_WORDS = {**WORDS, Outcome.CANNOT_TELL: "inconclusive"}
_STYLES = {Decision.PASSED: "green", Decision.FAILED: "bold red", Decision.CANNOT_TELL: "yellow"}


def render(
    run: Run,
    *,
    console: Console,
    fleet: Fleet | None = None,
    comparison: Comparison | None = None,
    verdict: Verdict | None = None,
    found: Others | None = None,
    written: Sequence[Path] = (),
) -> None:
    """Print the summary of a Run: the answer, the details, the comparison with a baseline if there
    is one, and the plan. ``found`` are the changes that are not in the plan; computed if missing.
    """
    with within_encoding(console):
        changes = None if fleet is None else fleet.plan()
        found = found or others(run, changes)
        _headline(run, changes, found, verdict, console)
        _files(run, console)
        _imports(run, fleet, console)
        _statements(run, console)
        effects.render(run, console)
        plugins.render(run, console)
        production.render(run, console)
        failures.render(run, console)
        if comparison is not None:
            _comparison(comparison, console)
        _notes(run, console)
        if fleet is not None:
            plan.render(run, fleet.plan(), console)
            plan.render_others(run, found, console)
            plan.render_needed(run, fleet.needed(), console)
        if verdict is not None:
            _verdict(verdict, console)
        for path in written:
            console.print(Text(f"Written: {safe_text(str(path), 4096)}"), soft_wrap=True)


def render_comparison(comparison: Comparison, *, console: Console) -> None:
    """Print a comparison: totals, slower and faster files, inconclusive files, and notes."""
    with within_encoding(console):
        _comparison(comparison, console)


def _headline(
    run: Run, plan_: Plan | None, found: Others, verdict: Verdict | None, console: Console
) -> None:
    where = run.environment
    text = (
        f"Airflow {where.airflow_version}, Python {where.python_version},"
        f" --temperature {run.settings.get('temperature')}. The scan took"
        f" {duration(run.wall_s * 1000)}."
    )
    console.print()
    gate = None if verdict is None else _gate(verdict)
    for sentence in answer.sentences(run, plan_, found, gate):
        console.print(Text(sentence.text, style=sentence.style))
    if shares := figures.causes(run):
        console.print(Text(f"Parse time by cause: {shares}.", style="dim"))
    console.print(Text(safe_text(text), style="dim"))


def _is_wide(console: Console) -> bool:
    return console.width >= 100


def _files(run: Run, console: Console) -> None:
    timed = sorted((file for file in run.files if file.is_timed), key=lambda file: -file.parse_ms)[
        :LIMIT
    ]
    if not timed:
        return
    pieces = _PIECES[is_unicode(console)]
    shown = figures.occurring(timed)
    named = shown if _is_wide(console) else []
    table = columns(
        ("parse", "figure"),
        ("±", "figure"),
        *((figures.STAGES[place], "figure") for place in named),
        ("", "bar"),
        ("file", "place"),
    )
    for file in timed:
        stages = figures.stages(file)
        cells = [duration(file.parse_ms), figures.spread(file)]
        cells += [
            duration(stages[place]) if stages[place] >= figures.SMALLEST_MS else "-"
            for place in named
        ]
        table.add_row(*cells, _bar(stages, timed[0].parse_ms, pieces), _path(file, console))
    legend = ", ".join(f"{pieces[place]} {figures.STAGES[place]}" for place in shown)
    titled(f"Slowest files ({legend})" if legend else "Slowest files", table, console)


def _path(file: FileResult, console: Console) -> Text:
    width = max(24, console.width - (96 if _is_wide(console) else 40))
    composed = " (composed)" if file.composed_ms else ""
    name = safe_text(file.path)
    # Programs read what is not a terminal, and search for whole names.
    text = Text(_tail(name, width - len(composed)) if console.is_terminal else name)
    text.append(composed, style="dim")
    if file.status.is_failure:
        text.append(f" ({figures.status(file.status)})", style="red")
    return text


def _tail(text: str, width: int) -> str:
    """The end of a path. The end distinguishes the file from other files."""
    return text if len(text) <= width else "…" + text[1 - width :]


def _bar(stages: Sequence[float], longest_ms: float, pieces: str) -> str:
    """A bar that shows the time of each stage. The length of the bar is relative to the slowest
    file.
    """
    total = sum(stages)
    length = max(1, round(_BAR * total / longest_ms)) if longest_ms else 0
    bar, reached = "", 0.0
    for ms, piece in zip(stages, pieces, strict=True):
        reached += ms
        bar += piece * (round(length * reached / total) - len(bar)) if total else ""
    return bar


def _imports(run: Run, fleet: Fleet | None, console: Console) -> None:
    """Print import times. ``total`` is the import time of a distribution. ``alone`` is the saving
    if no file loads any part of the distribution.
    """
    frame = imports_frame(run, by="distribution")
    frame = frame[
        (frame["cumulative_ms"] >= _SMALLEST_MS) & (frame["name"] != "standard library")
    ].head(LIMIT)
    if frame.empty:
        return
    versions = run.environment.distributions
    alone = fleet.distributions if fleet else {}
    table = columns(
        ("total", "figure"),
        ("own", "figure"),
        ("alone", "figure"),
        ("files", "figure"),
        ("import", "text"),
    )
    for row in records(frame):
        name = str(row["name"])
        version = versions.get(name, "")
        shown = safe_text(name, 60)
        label = (
            f"{shown} {version}"
            if version
            else f"{shown} (your code)"
            if row["origin"] == "user"
            else shown
        )
        table.add_row(
            duration(float(row["cumulative_ms"])),
            duration(float(row["self_ms"])),
            duration(alone[name]) if name in alone else "-",
            str(row["files"]),
            Text(safe_text(label, 80)),
        )
    titled(
        "Costliest imports in all files (total: with nested imports; own: without nested imports;"
        " alone: time saved if no file loads the package)",
        table,
        console,
    )


def _statements(run: Run, console: Console) -> None:
    frame = statements_frame(run)
    frame = frame.assign(all_ms=frame["self_ms"] + frame["gc_ms"])
    frame = frame[
        (frame["all_ms"] >= _SMALLEST_MS) & (frame["kind"] != "body") & ~frame["is_partial"]
    ]
    frame = frame.sort_values("all_ms", ascending=False, kind="stable").head(LIMIT)
    if frame.empty:
        return
    rows = records(frame)
    collects = any(float(row["gc_ms"]) >= _SMALLEST_MS for row in rows)
    gc_column = (("gc", "figure"),) if collects else ()
    table = columns(
        ("time", "figure"),
        ("waiting", "figure"),
        *gc_column,
        ("runs", "figure"),
        ("where", "place"),
        ("statement", "text"),
    )
    places = [_tail(figures.statement_place(row), max(24, console.width // 3)) for row in rows]
    width = max(16, console.width - max(map(len, places)) - 36)
    for row, place in zip(rows, places, strict=True):
        waiting, collecting = float(row["waiting_ms"]), float(row["gc_ms"])
        table.add_row(
            duration(float(row["self_ms"])),
            duration(waiting) if waiting >= _SMALLEST_MS else "-",
            *([duration(collecting) if collecting >= _SMALLEST_MS else "-"] if collects else []),
            f"{row['count']:,}",
            Text(place),
            Text(safe_text(str(row["text"]), width), no_wrap=True, overflow="ellipsis"),
        )
    titled("Slowest top-level statements", table, console)


def _comparison(comparison: Comparison, console: Console) -> None:
    groups = {outcome: comparison.of(outcome) for outcome in Outcome}
    breaks = [file for file in comparison.files if file.breaks]
    fixed = [file for file in comparison.files if file.is_fixed]
    told = {file.path for file in (*breaks, *fixed)}
    counts = [
        f"{sum(file.path not in told for file in groups[outcome])} {_WORDS[outcome]}"
        for outcome in _COUNTED
    ]
    counts += [
        f"{len(files)} {word}" for files, word in ((breaks, "broken"), (fixed, "fixed")) if files
    ]
    total = f"{duration(comparison.baseline_total_ms)} → {duration(comparison.current_total_ms)}"
    console.print()
    title = f"Comparison with the baseline: total parse time {total}"
    console.print(Text(title, style="bold"))
    console.print(Text(f"  Files: {', '.join(counts)}"))
    for word, style, files in (
        ("slower", "red", groups[Outcome.REGRESSION]),
        ("faster", "green", groups[Outcome.IMPROVEMENT]),
        (
            "inconclusive",
            "yellow",
            [file for file in groups[Outcome.CANNOT_TELL] if not (file.breaks or file.is_fixed)],
        ),
    ):
        _changes(word, style, [describe(file) for file in files], console)
    _changes("broken", "red", [f"{file.path} {file.missing}" for file in breaks], console)
    _changes("fixed", "green", [f"{file.path} produces DAGs again" for file in fixed], console)
    for sentence in comparison.warnings:
        console.print(Text(f"  note    {safe_text(sentence, 400)}", style="dim"))


def _changes(word: str, style: str, sentences: Sequence[str], console: Console) -> None:
    for sentence in sentences[:LIMIT]:
        text = Text(f"  {word}  ", style=style)
        text.append(safe_text(sentence, 400), style="default")
        console.print(text)
    if len(sentences) > LIMIT:
        console.print(
            Text(f"  {word}  and {count(len(sentences) - LIMIT, 'more file')}", style=style)
        )


def _notes(run: Run, console: Console) -> None:
    lines = notes.of_summary(run, console.width)
    if lines:
        console.print()
        console.print(Text("Notes", style="bold"))
        for line in lines:
            console.print(Text(f"  {line}"))


def _gate(verdict: Verdict) -> Sentence:
    return Sentence(words.decision(verdict), _STYLES[verdict.decision])


def _verdict(verdict: Verdict, console: Console) -> None:
    """Print the decision again at the end of the output, with the reasons. Print nothing if there
    are no reasons, because the first lines already contain the decision.
    """
    if not words.reasons(verdict):
        return
    console.print()
    text, style = _gate(verdict)
    console.print(Text(text, style=style))
    for reason in words.reasons(verdict)[: 2 * LIMIT]:
        console.print(Text(f"  {safe_text(reason, 400)}"))
