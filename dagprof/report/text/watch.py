"""Terminal output: the events of ``dagprof watch``, one block for each saved file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import singledispatch

from rich.console import Console
from rich.text import Text

from dagprof.quantities import count, duration
from dagprof.report.escape import safe_text
from dagprof.report.figures import status
from dagprof.report.text.screen import within_encoding
from dagprof.saved.values import (
    Doing,
    Event,
    Explained,
    Gone,
    Kind,
    Listed,
    Loading,
    Note,
    Parsed,
    Problem,
    Started,
    Time,
)

# The most rows of the first list, and of each part of a block.
_SLOWEST, _ROWS = 10, 5
_STYLES = {Kind.SLOWER: "red", Kind.FASTER: "green", Kind.UNSURE: "yellow"}


def render(event: Event, *, console: Console, clock: str) -> None:
    """Print an event. ``clock`` is the time of day."""
    with within_encoding(console):
        for line in _lines(event, clock):
            console.print(line, soft_wrap=True)


@singledispatch
def _lines(event: Event, clock: str) -> Iterator[Text]:
    raise TypeError(f"no text for {type(event).__name__}")


@_lines.register
def _note(event: Note, clock: str) -> Iterator[Text]:
    yield Text(f"{clock}  {safe_text(event.text, 600)}")


@_lines.register
def _gone(event: Gone, clock: str) -> Iterator[Text]:
    what = "deleted" if event.is_deleted else "Airflow no longer parses this file"
    yield Text(f"{clock}  {safe_text(event.path)}: {what}")


@_lines.register
def _started(event: Started, clock: str) -> Iterator[Text]:
    total = sum(file.ms or 0.0 for file in event.files)
    yield Text(
        f"{clock}  Airflow {safe_text(event.airflow_version, 40)} parses"
        f" {count(len(event.files), 'file')} in {duration(total)}.",
        style="bold",
    )
    for file in event.files[:_SLOWEST]:
        if not file.problems:
            yield Text(f"{_ms(file):>10}  {safe_text(file.path)}{_remark(file)}")
    rest = len(event.files) - _SLOWEST
    if rest > 0:
        yield Text(f"            and {count(rest, 'faster file')}")
    for file in (file for file in event.files if file.problems):
        yield Text(f"  {safe_text(file.path)}: {status(file.status)}", style="red")
        yield from _problems(file.problems)
    yield Text("Watching. Save a file to measure it; press Ctrl-C to stop.")


@_lines.register
def _parsed(event: Parsed, clock: str) -> Iterator[Text]:
    line = Text(f"\n{clock}  ")
    line.append(safe_text(event.path), style="bold")
    if event.before:
        line.append(f" (renamed from {safe_text(event.before)})")
    others = [path for path in event.saved if path != event.path]
    if others and event.path not in event.saved:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        line.append(f" (saved: {safe_text(others[0])}{more})")
    line.append("  ")
    if event.problems:
        line.append(status(event.status), style="red")
        if event.time.before_ms is not None:
            line.append(f" (before: {duration(event.time.before_ms)})")
    else:
        if event.is_fixed:
            line.append("fixed, loads again: ", style="green")
        line.append_text(_time(event.time))
        line.append(_dags(event))
    yield line
    yield from _problems(event.problems)


@_lines.register
def _explained(event: Explained, clock: str) -> Iterator[Text]:
    found = event.difference
    if found.cause:
        yield Text(f"  Reason: {safe_text(found.cause, 400)}.")
    yield from _loadings("Now loads", found.loads)
    yield from _loadings("No longer loads", found.no_longer_loads)
    yield from _doings("Now", found.does)
    yield from _doings("No longer", found.no_longer_does)


def _time(time: Time) -> Text:
    if time.now_ms is None:
        return Text(time.kind.value)
    if time.before_ms is None or time.difference_ms is None:
        return Text(f"{duration(time.now_ms)} ({time.kind.value})")
    text = Text(f"{duration(time.before_ms)} → {duration(time.now_ms)}  ")
    noise = f"noise ±{time.noise_ms or 0.0:.0f} ms"
    if time.kind is Kind.SAME:
        text.append(f"{time.kind.value} ({noise})")
        return text
    share = time.difference_ms / time.before_ms if time.before_ms else 0.0
    text.append(
        f"{time.kind.value}: {time.difference_ms:+,.0f} ms ({share:+.0%}, {noise})",
        style=_STYLES.get(time.kind, ""),
    )
    if time.kind is Kind.UNSURE:
        text.append(
            " The change of the CPU time does not confirm this result. To measure the file again,"
            " save the file again."
        )
    return text


def _dags(event: Parsed) -> str:
    if event.dags_before is None or event.dags == event.dags_before:
        return ""
    return f"  DAGs: {event.dags_before} → {event.dags}"


def _problems(problems: Sequence[Problem]) -> Iterator[Text]:
    for problem in problems[:_ROWS]:
        where = str(problem.place) if problem.place.line else problem.place.file
        yield Text(f"  {safe_text(where)}  {safe_text(problem.text, 400)}", style="red")


def _loadings(verb: str, rows: Sequence[Loading]) -> Iterator[Text]:
    for row in rows[:_ROWS]:
        modules = f", {row.modules} modules" if row.modules > 1 else ""
        yield Text(
            f"  {verb} {safe_text(row.name, 80)}: {duration(row.ms)}{modules}"
            f" ({safe_text(str(row.place))})"
        )
    if len(rows) > _ROWS:
        rest = rows[_ROWS:]
        ms = duration(sum(row.ms for row in rest))
        yield Text(f"  {verb} {count(len(rest), 'more package')}: {ms}")


def _doings(verb: str, rows: Sequence[Doing]) -> Iterator[Text]:
    for row in rows[:_ROWS]:
        took = f": {duration(row.ms)}" if row.ms is not None else ""
        yield Text(f"  {verb} {safe_text(row.what, 200)}{took} ({safe_text(str(row.place))})")
    if len(rows) > _ROWS:
        yield Text(f"  {verb}: {count(len(rows) - _ROWS, 'more effect')}")


def _ms(file: Listed) -> str:
    return duration(file.ms) if file.ms is not None else "-"


def _remark(file: Listed) -> str:
    return "" if file.status.value == "ok" else f"  ({status(file.status)})"
