"""The source of the file. The margin shows the time of each statement, and the end of the line
shows the other effects.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from dagprof.attribution.statement_times import own_us
from dagprof.model import Statement
from dagprof.quantities import duration
from dagprof.report.escape import safe_text
from dagprof.report.text.explain.effects import all_effects
from dagprof.report.text.explain.explanation import SMALLEST_MS, Explanation, title

# Context lines around lines with a time; the rest of a long source is folded.
CONTEXT = 2
WHOLE_SOURCE = 60


def source_section(explanation: Explanation, console: Console) -> None:
    """Print the source. The first line of each statement shows the time of the statement in the
    tracing pass, including nested statements.
    """
    if explanation.file.trace is None or explanation.source is None:
        title(f"The source is not shown: {_why_hidden(explanation)}.", console)
        return
    title("Source", console)
    about = (
        "  Times include nested statements and exclude garbage collection. dagprof scales the"
        " times to remove the tracing overhead."
    )
    console.print(Text(about, style="dim"), soft_wrap=True)
    times = _times(explanation.file.trace.statements, explanation.scale)
    marks = _marks(explanation)
    shown = _shown_lines(
        explanation, [line for line, ms in times.items() if ms >= SMALLEST_MS] + list(marks)
    )
    previous = 0
    for number in shown:
        if number != previous + 1:
            console.print(Text(f"{'':>9}  {'⋮':>5}", style="dim"))
        previous = number
        source = explanation.source[number - 1]
        console.print(
            _line(number, source, times.get(number, 0.0), marks.get(number, ())), soft_wrap=True
        )


def _why_hidden(explanation: Explanation) -> str:
    file = explanation.file
    if file.trace is None:
        return (
            "the file was not traced. To trace the file, use --depth traced"
            if file.is_timed
            else "no parse finished"
        )
    if file.path.endswith(".zip"):
        return "the file is in an archive"
    return "the file was changed or removed after the measurement"


def _times(statements: Sequence[Statement], factor: float) -> dict[int, float]:
    """Milliseconds by line. If several statements start on one line, the time of the outermost
    statement includes the nested statements.
    """
    times: dict[int, float] = defaultdict(float)
    for statement in statements:
        if statement.parent < 0 or statements[statement.parent].line != statement.line:
            times[statement.line] += statement.wall_us / 1000 * factor
    return times


def _line(number: int, source: str, ms: float, marks: Sequence[str]) -> Text:
    text = Text(f"{duration(ms) if ms >= SMALLEST_MS else '':>9}", style="bold" if ms >= 10 else "")
    text.append(f"  {number:>5}  ", style="dim")
    text.append(safe_text(source.rstrip(), 200), style="default")
    for mark in marks[:3]:
        text.append(f"  ← {mark}", style="yellow")
    return text


def _shown_lines(explanation: Explanation, interesting: Iterable[int]) -> list[int]:
    total = len(explanation.source or ())
    if explanation.statement is not None:
        lines = explanation.statement
        return list(range(max(1, lines.start - CONTEXT), min(total, lines.stop - 1 + CONTEXT) + 1))
    if total <= WHOLE_SOURCE:
        return list(range(1, total + 1))
    near = {line + step for line in interesting for step in range(-CONTEXT, CONTEXT + 1)}
    return sorted(line for line in near if 1 <= line <= total)


def _marks(explanation: Explanation) -> dict[int, list[str]]:
    """The marks of the DAG file's lines: creation of DAGs, waiting, garbage collection, failures,
    effects and lookups.
    """
    marks: dict[int, list[str]] = {}
    statements = explanation.file.trace.statements if explanation.file.trace else ()
    for statement, (wall_us, cpu_us) in zip(statements, own_us(statements), strict=True):
        for what, us in (
            ("creating DAGs and tasks", statement.building_us),
            ("waiting", wall_us - cpu_us),
            ("collecting garbage", statement.gc_us),
        ):
            ms = us / 1000 * explanation.scale
            if explanation.is_shown(ms):
                marks.setdefault(statement.line, []).append(f"{duration(ms)} {what}")
    failed = [
        (each.file, each.line, f"fails: {safe_text(each.type, 60)}")
        for each in explanation.file.failures
    ]
    for file, line, what in (*failed, *all_effects(explanation)):
        if line and explanation.is_own(file):
            marks.setdefault(line, []).append(what)
    return marks
