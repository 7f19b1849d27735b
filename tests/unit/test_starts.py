"""What task starts cost per day, computed from figures written by hand."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from rich.console import Console

from dagprof.analyse import starts
from dagprof.model import DagSchedule, FileResult, Run, ScheduleKind, StartKind, TaskStart
from dagprof.report.text import starts as shown
from dagprof.usecases.scan import Scanned

from .builders import environment, file, run


def schedule(dag_id: str, runs: int | None = 28, tasks: int = 3, **changes: object) -> DagSchedule:
    fields = {
        "kind": ScheduleKind.TIME if runs is not None else ScheduleKind.ASSETS,
        "task_id": "x",
        "tasks": tasks,
        "runs": runs,
        "days": 28.0 if runs is not None else 0.0,
    }
    return DagSchedule(dag_id=dag_id, **{**fields, **changes})  # type: ignore[arg-type]


def cost(dag_id: str, own_ms: float, kind: StartKind = StartKind.FORK, **more: Any) -> TaskStart:
    return TaskStart(dag_id=dag_id, kind=kind, own_ms=own_ms, cpu_ms=own_ms / 2, parses=3, **more)


def a_file(*schedules: DagSchedule, costs: tuple[TaskStart, ...], path: str = "a.py") -> FileResult:
    dag_ids = tuple(row.dag_id for row in schedules)
    return file(path, 100.0, dag_ids=dag_ids, schedules=schedules, starts=costs)


def of_airflow(version: str, *files: FileResult) -> Run:
    found: Run = msgspec.structs.replace(
        run(*files), environment=environment(airflow_version=version)
    )
    return found


FORKING, *_, CONTAINERS = starts.executors(of_airflow("2.11.2"))


def test_a_day_has_as_many_starts_as_runs_and_tasks() -> None:
    cold = cost("a", 3_000.0, StartKind.NEW_INTERPRETER, memory_kib=100_000)
    found = of_airflow("3.3.2", a_file(schedule("a", 56), costs=(cost("a", 600.0), cold)))
    forked = starts.executor_cost(found, FORKING, 12_000.0)
    assert (forked.per_day, forked.start_ms, forked.container_ms) == (6.0, 600.0, 0.0)
    assert forked.cpu_hours == pytest.approx(6 * 0.3 / 3600)
    contained = starts.executor_cost(found, CONTAINERS, 12_000.0)
    assert contained.slot_hours == pytest.approx(6 * 15 / 3600)
    assert contained.cpu_hours == pytest.approx(6 * 1.5 / 3600)
    assert contained.memory_kib == 100_000


def test_the_average_start_counts_each_dag_by_its_starts() -> None:
    rows = (schedule("a", 28), schedule("b", 84))
    found = of_airflow("3.3.2", a_file(*rows, costs=(cost("a", 100.0), cost("b", 200.0))))
    assert starts.executor_cost(found, FORKING, 0.0).start_ms == 175.0


def test_dags_that_were_not_measured_get_the_average_of_the_file() -> None:
    rows = (schedule("a"), schedule("b"), schedule("c"))
    found = of_airflow("3.3.2", a_file(*rows, costs=(cost("a", 100.0), cost("b", 300.0))))
    dags = starts.dag_starts(found, StartKind.FORK)
    assert {row.schedule.dag_id: (row.cost.own_ms, row.is_measured) for row in dags} == {
        "a": (100.0, True),
        "b": (300.0, True),
        "c": (200.0, False),
    }


def test_a_start_without_a_time_has_no_cost() -> None:
    failed = TaskStart(dag_id="a", kind=StartKind.FORK, problem="the parse ends")
    found = of_airflow("3.3.2", a_file(schedule("a"), costs=(failed,)))
    assert starts.dag_starts(found, StartKind.FORK) == []
    assert starts.executor_cost(found, FORKING, 0.0).start_ms == 0.0


def test_schedules_without_times_are_counted_by_kind() -> None:
    rows = (schedule("a", None), schedule("b", None), schedule("c"))
    found = of_airflow("3.3.2", a_file(*rows, costs=(cost("a", 100.0),)))
    assert starts.untimed(found) == [(ScheduleKind.ASSETS, 2)]
    assert starts.executor_cost(found, FORKING, 0.0).per_day == 3.0


def test_only_airflow_2_can_start_tasks_of_local_workers_in_a_new_interpreter() -> None:
    assert len(starts.executors(of_airflow("2.11.2"))) == 3
    assert len(starts.executors(of_airflow("3.3.2"))) == 2


def printed(found: Run, container_ms: float = 0.0) -> str:
    text = io.StringIO()
    console = Console(file=text, width=200, force_terminal=False)
    shown.render(found, Scanned(found).fleet, container_ms=container_ms, console=console)
    return text.getvalue()


def test_the_table_marks_estimates_and_escapes_names() -> None:
    rows = (schedule("a\x1b[31m"), schedule("b"), schedule("c", None))
    costs = (
        cost("a\x1b[31m", 100.0, dags=3),
        cost("b", 300.0, dags=3),
        cost("b", 2_000.0, StartKind.NEW_INTERPRETER, dags=3),
    )
    text = printed(of_airflow("3.3.2", a_file(*rows, costs=costs)), 12_000.0)
    assert "\x1b" not in text
    assert "~100 ms to 300 ms" in text
    assert "3 of 3 DAGs" in text
    assert "12.00 s" in text
    assert "1 DAG has no fixed number of runs per day (assets start the runs)." in text
    assert "--container-start" not in text


def test_without_a_container_time_the_table_names_the_option() -> None:
    text = printed(of_airflow("3.3.2", a_file(schedule("a"), costs=(cost("a", 100.0),))))
    assert "--container-start 12s" in text
