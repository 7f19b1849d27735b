"""Causes of a slow-down: new statements, and modules and statements that take longer in the new
version.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from dagprof.gate.parsed import OwnTime, Parsed
from dagprof.gate.tied import Cause, Changed, changed_helpers, hang_together, speaks_of
from dagprof.model import Origin, Place
from dagprof.quantities import count


def slower_modules(base: Parsed, head: Parsed, changed: Changed) -> Iterable[Cause]:
    """Modules of the user's code that both versions load and whose self time grew."""
    for name in head.loaded.keys() & base.loaded.keys():
        module = head.module(head.loaded[name])
        grown = head.module_ms(head.loaded[name]) - base.module_ms(base.loaded[name])
        if module.origin is not Origin.USER or grown <= 0:
            continue
        file = head.shown_file(module)
        lines = changed.at_top(file)
        if changed.lines and not lines and not changed_helpers(head, changed):
            # None of the code that it runs changed, and one traced parse does not prove that it
            # takes longer.
            continue
        place = Place(file=file, line=lines[0] if lines else 1)
        at = f", which changed {_at_line(lines)}," if lines else ""
        what = f"the module-level code of {file}"
        yield Cause(
            place,
            f"{what}{at} takes longer",
            f"{what} took longer",
            grown,
            names_changed=bool(lines),
        )


def _at_line(lines: Sequence[int]) -> str:
    """``at line 7`` if the lines are contiguous, otherwise the first line and the number of
    others.
    """
    if hang_together(lines):
        return f"at line {lines[0]}"
    return f"at line {lines[0]} and {count(len(set(lines)) - 1, 'other line')}"


def slower_statements(base: Parsed, head: Parsed, changed: Changed) -> Iterable[Cause]:
    """Statements of the DAG file that are new or take longer. If a slower statement did not change,
    a changed helper may be the cause.
    """
    before: dict[str, list[OwnTime]] = defaultdict(list)
    for statement in base.statements:
        before[statement.text].append(statement)
    helpers = changed_helpers(head, changed)
    for statement in head.statements:
        old = before[statement.text].pop(0) if before[statement.text] else None
        grown = statement.own_ms - (old.own_ms if old is not None else 0.0)
        if grown <= 0:
            continue
        line, code = statement.place.line, f"`{_short(statement.text)}`"
        is_building = statement.building_ms >= 0.5 * statement.own_ms
        if old is None:
            yield Cause(
                statement.place,
                f"line {line} is new ({code})",
                f"line {line} was {code}",
                grown,
                is_building,
            )
            continue
        past = f"line {line} took longer ({code})"
        if helpers and line not in changed.lines.get(head.file.path, ()):
            mine = [
                place for name, place in helpers.items() if speaks_of(statement.text, name)
            ] or [*helpers.values()]
            place = mine[0] if len(mine) == 1 else statement.place
            yield Cause(
                place, f"{code} at line {line} takes longer", past, grown, is_building
            ).naming(mine)
        else:
            yield Cause(
                statement.place, f"line {line} takes longer ({code})", past, grown, is_building
            )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
