"""What task starts cost per day, by executor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dagprof.model import DagSchedule, FileResult, Run, ScheduleKind, StartKind, TaskStart

_HOUR_MS = 3_600_000.0


class Executor(NamedTuple):
    """Executors that start tasks in the same kind of process. A containerised executor also starts
    a container for each task.
    """

    name: str
    kind: StartKind
    has_containers: bool = False


_FORKING = Executor("LocalExecutor, CeleryExecutor", StartKind.FORK)
# Airflow 3 removed the setting.
_NEW_INTERPRETER = Executor("... with a new interpreter", StartKind.NEW_INTERPRETER)
_CONTAINERS = Executor(
    "Kubernetes-, Ecs-, BatchExecutor", StartKind.NEW_INTERPRETER, has_containers=True
)


class DagStart(NamedTuple):
    """The task starts of one DAG. ``is_measured`` is False if the cost comes from other DAGs of the
    same file.
    """

    path: str
    schedule: DagSchedule
    cost: TaskStart
    is_measured: bool

    @property
    def per_day(self) -> float:
        """The starts per day, 0.0 if the schedule has no times."""
        return self.schedule.starts_per_day or 0.0


class ExecutorCost(NamedTuple):
    """The task starts of all DAGs under one executor. ``start_ms`` and ``cpu_ms`` are averages of
    one start, weighted by starts per day. ``cpu_hours`` and ``slot_hours`` are per day;
    ``slot_hours`` includes ``container_ms``. ``memory_kib`` is the largest memory of one start.
    """

    executor: Executor
    start_ms: float
    cpu_ms: float
    container_ms: float
    per_day: float
    cpu_hours: float
    slot_hours: float
    memory_kib: int


class FileStarts(NamedTuple):
    """The task starts of one file: of its DAGs in a fork, and in a new interpreter (``cold``)."""

    path: str
    dags: tuple[DagStart, ...]
    cold: tuple[DagStart, ...]

    @property
    def per_day(self) -> float:
        """The starts per day of all DAGs."""
        return sum(dag.per_day for dag in self.dags)


class Untimed(NamedTuple):
    """The number of DAGs whose schedule has no times."""

    kind: ScheduleKind
    dags: int


def dag_starts(run: Run, kind: StartKind) -> list[DagStart]:
    """The task starts of each DAG, the most expensive per day first. DAGs without a measured cost
    are left out.
    """
    found = [start for file in run.files for start in _of_file(file, kind)]
    found.sort(key=lambda row: (-row.per_day * row.cost.own_ms, -row.cost.own_ms, row.path))
    return found


def file_starts(run: Run) -> list[FileStarts]:
    """The task starts of each file, the most expensive per day first."""
    found = []
    for file in run.files:
        dags, cold = (tuple(_of_file(file, kind)) for kind in StartKind)
        if dags:
            found.append(FileStarts(file.path, dags, cold))
    found.sort(key=lambda row: -sum(dag.per_day * dag.cost.own_ms for dag in row.dags))
    return found


def _of_file(file: FileResult, kind: StartKind) -> Iterable[DagStart]:
    known = {row.dag_id: row for row in file.starts if row.kind is kind and row.parses}
    if not known:
        return
    other = _average(list(known.values()))
    for schedule in file.schedules:
        if schedule.task_id:
            cost = known.get(schedule.dag_id, other)
            yield DagStart(file.path, schedule, cost, schedule.dag_id in known)


def _average(rows: Sequence[TaskStart]) -> TaskStart:
    number = len(rows)
    return TaskStart(
        dag_id="",
        kind=rows[0].kind,
        own_ms=sum(row.own_ms for row in rows) / number,
        cpu_ms=sum(row.cpu_ms for row in rows) / number,
        airflow_ms=sum(row.airflow_ms for row in rows) / number,
        memory_kib=max(row.memory_kib for row in rows),
        dags=max(row.dags for row in rows),
    )


def executors(run: Run) -> tuple[Executor, ...]:
    """The executors of the Run's Airflow version."""
    is_2 = run.environment.airflow_version.startswith("2.")
    return (_FORKING, *((_NEW_INTERPRETER,) if is_2 else ()), _CONTAINERS)


def executor_cost(run: Run, executor: Executor, container_ms: float) -> ExecutorCost:
    """The cost of all task starts under one executor."""
    rows = dag_starts(run, executor.kind)
    container_ms = container_ms if executor.has_containers else 0.0
    per_day = sum(row.per_day for row in rows)
    weights = [row.per_day if per_day else 1.0 for row in rows]
    total = sum(weights)

    def mean(values: Iterable[float]) -> float:
        weighted = (value * weight for value, weight in zip(values, weights, strict=True))
        return sum(weighted) / total if total else 0.0

    start_ms, cpu_ms = mean(row.cost.own_ms for row in rows), mean(row.cost.cpu_ms for row in rows)
    return ExecutorCost(
        executor=executor,
        start_ms=start_ms,
        cpu_ms=cpu_ms,
        container_ms=container_ms,
        per_day=per_day,
        cpu_hours=per_day * cpu_ms / _HOUR_MS,
        slot_hours=per_day * (start_ms + container_ms) / _HOUR_MS,
        memory_kib=max((row.cost.memory_kib for row in rows), default=0),
    )


def untimed(run: Run) -> list[Untimed]:
    """The kinds of schedules that have no number of runs per day, with the number of DAGs."""
    kinds = [
        schedule.kind
        for file in run.files
        for schedule in file.schedules
        if schedule.runs_per_day is None
    ]
    return [Untimed(kind, kinds.count(kind)) for kind in ScheduleKind if kind in kinds]
