"""Loops at the top level of DAG files that build several DAGs, and what each DAG costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dagprof.attribution.scale import saving_ms
from dagprof.attribution.trees import text_of
from dagprof.model import FileResult, Place, Run, Statement

# The fewest DAGs for which a guard is worth its lines, and the least saving at a task start.
FEWEST_DAGS = 3
SMALLEST_MS = 20.0
GUARD = "get_parsing_context"


class LoopCost(NamedTuple):
    """A loop that builds DAGs: the number of DAGs and tasks of its file, the time of the whole
    loop, and the part that Airflow's own constructors take.

    ``task_start_ms`` is what each task start would save if the loop built only the DAG of the task.
    A parse of the DAG processor needs all DAGs, and saves nothing.
    """

    place: Place
    dags: int
    tasks: int
    wall_ms: float
    airflow_ms: float

    @property
    def task_start_ms(self) -> float:
        """The saving of each task start in ms."""
        return self.wall_ms * (self.dags - 1) / self.dags

    @property
    def per_dag_ms(self) -> float:
        """The time of one DAG in ms."""
        return self.wall_ms / self.dags

    @property
    def per_task_ms(self) -> float:
        """The time of one task in ms, with its share of the DAG."""
        return self.wall_ms / max(1, self.tasks)


def loops(run: Run) -> list[LoopCost]:
    """The loops of all files that a guard with ``get_parsing_context`` would make faster at task
    starts, the most expensive first.
    """
    found = [loop for file in run.files for loop in _of_file(run, file)]
    return sorted(found, key=lambda loop: (-loop.task_start_ms, loop.place))


def _of_file(run: Run, file: FileResult) -> Iterator[LoopCost]:
    trace = file.trace
    if trace is None or len(file.dag_ids) < FEWEST_DAGS or not file.is_timed:
        return
    building = _building_inside(trace.statements)
    per_us = saving_ms(file, 1.0)
    for position, row in enumerate(trace.statements):
        if row.parent >= 0 or row.kind not in ("for", "while") or not building[position]:
            continue
        runs = max((each.count for each in trace.statements if each.parent == position), default=0)
        dags = min(len(file.dag_ids), runs)
        loop = LoopCost(
            place=Place(file=file.path, line=row.line),
            dags=dags,
            tasks=file.task_count,
            wall_ms=row.wall_us * per_us,
            airflow_ms=building[position] * per_us,
        )
        if dags >= FEWEST_DAGS and loop.task_start_ms >= SMALLEST_MS and not _is_guarded(run, file):
            yield loop


def _building_inside(statements: tuple[Statement, ...]) -> list[int]:
    """The building time of each statement in µs, with the statements inside it."""
    total = [row.building_us for row in statements]
    for row, own in zip(statements, [row.building_us for row in statements], strict=True):
        parent = row.parent
        while parent >= 0:
            total[parent] += own
            parent = statements[parent].parent
    return total


def _is_guarded(run: Run, file: FileResult) -> bool:
    return GUARD in text_of(str(Path(run.root) / file.path))
