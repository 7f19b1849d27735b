"""Causes of a slow-down: more DAGs and tasks, or larger DAGs and tasks."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable

from dagprof.gate.parsed import Parsed
from dagprof.gate.tied import DEFINED, Cause, Changed, changed_instead, speaks_of
from dagprof.model import Place, Samples


def more_work_after_loading(base: Parsed, head: Parsed, changed: Changed) -> Iterable[Cause]:
    """More DAGs and tasks, or larger DAGs and tasks. Airflow checks and serialises the DAGs after
    it has loaded the file.
    """
    grown = _after_loading_ms(head.file.samples) - _after_loading_ms(base.file.samples)
    dags, tasks = (
        len(head.file.dag_ids) - len(base.file.dag_ids),
        head.file.task_count - base.file.task_count,
    )
    if grown <= 0:
        return
    if dags <= 0 and tasks <= 0:
        at = _building_line(base, head, changed, is_certain=True)
        place = Place(file=head.file.path, line=at)
        text = "checking and serialising the DAGs"
        yield Cause(
            place,
            f"{text} takes {grown:,.0f} ms longer",
            f"{text} took {grown:,.0f} ms longer",
            grown,
            True,
        )
        return
    at = _building_line(base, head, changed)
    more = " and ".join(
        f"{number:,} more {noun}{'' if number == 1 else 's'}"
        for number, noun in ((dags, "DAG"), (tasks, "task"))
        if number > 0
    )
    where = f" (line {at})" if at else ""
    place = Place(file=head.file.path, line=at)
    instead = changed_instead(place, head, changed)
    at_place = instead[0] if len(instead) == 1 else place
    made = Cause(
        at_place,
        f"the file creates {more}{where}",
        f"the file created {more}{where}",
        grown,
        is_building=True,
    )
    yield made.naming(instead)


def _after_loading_ms(samples: Samples) -> float:
    """The median time of the stages after loading, without the time that these stages waited for a
    CPU.
    """
    rows = zip(samples.bag_ms, samples.serialise_ms, samples.own_ms, samples.wall_ms, strict=True)
    found = [(bag + serialise) * own / wall for bag, serialise, own, wall in rows if wall > 0]
    return statistics.median(found) if found else 0.0


def _building_line(
    base: Parsed, head: Parsed, changed: Changed, *, is_certain: bool = False
) -> int:
    """The changed line that causes more DAGs or tasks; 0 if the line is unknown. The search starts
    in the statement that creates more DAGs or tasks, and continues in code that this statement
    names.

    If ``is_certain`` is true, the search starts in the statement that takes most time to create
    DAGs and tasks. The search then never returns an arbitrary changed line.
    """
    before: dict[str, float] = defaultdict(float)
    for statement in base.statements:
        before[statement.text] += statement.building_ms
    building = max(
        head.statements,
        key=lambda statement: (
            statement.building_ms - (0.0 if is_certain else before[statement.text])
        ),
        default=None,
    )
    lines = changed.lines.get(head.file.path, ())
    if building is None:
        return lines[0] if lines else 0
    if not lines:
        return building.place.line
    around = [each for each in head.statements if building.place.line in each.lines]
    named = [
        each
        for each in head.statements
        if (name := DEFINED.match(each.text))
        and any(speaks_of(other.text, name[1]) for other in around)
    ]
    for statements in (around, named):
        inside = [
            line for line in lines if any(line in statement.lines for statement in statements)
        ]
        if inside:
            return inside[0]
    return 0 if is_certain else lines[0]
