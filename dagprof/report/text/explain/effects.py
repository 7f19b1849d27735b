"""The effects of the file during parsing, each with its line."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from dagprof.quantities import count, duration
from dagprof.report import figures
from dagprof.report.escape import safe_text
from dagprof.report.text.effects import by_import
from dagprof.report.text.explain.explanation import ROWS, Explanation, title


def effects_section(explanation: Explanation, console: Console) -> None:
    """Print the effects and lookups. If the user named a line, print only the effects and lookups
    of this line.
    """
    rows = all_effects(explanation)
    if explanation.line is not None:
        rows = [row for row in rows if explanation.is_own(row[0]) and explanation.concerns(row[1])]
    if not rows:
        return
    title("Effects during parsing", console)
    for file, line, what in rows[:ROWS]:
        console.print(
            Text(f"  {safe_text(explanation.below_root(file), 120)}:{line}  {what}"), soft_wrap=True
        )
    if len(rows) > ROWS:
        console.print(
            f"  The list omits {count(len(rows) - ROWS, 'more effect')}. For the full list, see"
            " run.json."
        )


def all_effects(explanation: Explanation) -> list[tuple[str, int, str]]:
    """Each effect with its file, its line and its description."""
    by = by_import(explanation.file, explanation.run)
    rows = [
        (
            a.file,
            a.line,
            (f"{a.kind} {safe_text(a.key, 60)} ({figures.answer(a)}){_times(a.count)}{by(a)}"),
        )
        for a in explanation.file.accesses
    ]
    for effect in explanation.file.effects:
        took = f" {duration(effect.wall_us / 1000)}" if effect.wall_us is not None else ""
        took += figures.in_threads(effect)
        size = f" {effect.size_bytes:,} bytes" if effect.size_bytes else ""
        what = (
            f"{effect.kind}"
            f" {safe_text(effect.what, 100)}{_times(effect.count)}{took}{size}{by(effect)}"
        )
        rows.append((effect.file, effect.line, what))
    return rows


def _times(number: int) -> str:
    return f" {number:,} ×" if number > 1 else ""
