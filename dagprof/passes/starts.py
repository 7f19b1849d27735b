"""Times the start of a task: the parse of the DAG file in the task's parsing context."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dagprof.link import reading
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.result import Sample
from dagprof.link.reading import Timed
from dagprof.model import DagSchedule, FileResult, StartKind, TaskStart
from dagprof.passes import doubts
from dagprof.passes.asking import Ask, ParseLimits, next_hour_s, parse_request
from dagprof.passes.outcome import status_of
from dagprof.passes.plan import Mode

# Timed parses of each DAG, by kind. A new interpreter takes seconds, most of them for Airflow.
_PARSES = {StartKind.FORK: 3, StartKind.NEW_INTERPRETER: 3}


def scheduled(path: Path, file: FileResult, ask: Ask, limits: ParseLimits) -> FileResult:
    """The file with the schedules of its DAGs, which one more parse counts if no earlier one has.

    :raises OutOfTime: the time budget ran out.
    """
    if file.schedules or not file.dag_ids:
        return file
    request = parse_request(Mode.TIMING, path, limits)
    result = ask({**request, "first": True, "schedules": next_hour_s()}).result
    rows = result.schedules if result is not None else None
    changed: FileResult = msgspec.structs.replace(
        file,
        schedules=reading.schedules(rows or ()),
        doubts=(*file.doubts, *doubts.schedules(rows, file.dag_ids)),
    )
    return changed


def chosen(file: FileResult) -> tuple[DagSchedule, ...]:
    """The DAGs of a file to measure: the first one, and one in the middle. In a file that builds
    only the DAG of the task, the DAGs in front of it may take longer.
    """
    rows = [row for row in file.schedules if row.task_id]
    return tuple(dict.fromkeys([*rows[:1], *rows[len(rows) // 2 :][:1]]))


def measure(
    path: Path, dags: Sequence[DagSchedule], kind: StartKind, ask: Ask, limits: ParseLimits
) -> tuple[TaskStart, ...]:
    """Time the start of a task of each DAG. The first parse of the file compiles it and does not
    count.

    :raises OutOfTime: the time budget ran out.
    """
    found = []
    for number, dag in enumerate(dags):
        if number == 0:
            ask(_request(path, dag, limits, first=True))
        replies = [ask(_request(path, dag, limits)) for _ in range(limits.repeat or _PARSES[kind])]
        found.append(_start(dag, kind, replies))
    return tuple(found)


def _request(
    path: Path, dag: DagSchedule, limits: ParseLimits, *, first: bool = False
) -> dict[str, object]:
    return {
        **parse_request(Mode.START, path, limits),
        "first": first,
        "task": [dag.dag_id, dag.task_id],
    }


def _start(dag: DagSchedule, kind: StartKind, replies: Sequence[Reply]) -> TaskStart:
    timed = [each for each in map(reading.timed, replies) if each is not None]
    if not timed:
        problem = f"the parse ends with the status {status_of(replies[-1]).value}"
        return TaskStart(dag_id=dag.dag_id, kind=kind, problem=problem)
    result = timed[-1].result
    problem = ""
    if dag.dag_id not in result.dag_ids:
        problem = (
            "the file does not create the DAG when Airflow parses the file for a task of this DAG"
        )
    samples = [each.sample for each in timed]
    return TaskStart(
        dag_id=dag.dag_id,
        kind=kind,
        own_ms=round(statistics.median(sample.own_ms for sample in samples), 3),
        cpu_ms=round(
            statistics.median(sample.cpu_ms + sample.children_cpu_ms for sample in samples), 3
        ),
        airflow_ms=round(statistics.median(map(_airflow_ms, samples)), 3),
        memory_kib=_memory_kib(kind, timed),
        parses=len(timed),
        dags=len(result.dag_ids),
        problem=problem,
    )


def _airflow_ms(sample: Sample) -> float:
    """The part before the parse, without the time that the process waited for a CPU. Almost all of
    that wait is in this part, which takes most of the time.
    """
    if not sample.airflow_ms:
        return 0.0
    return max(0.0, sample.own_ms - (sample.wall_ms - sample.airflow_ms))


def _memory_kib(kind: StartKind, timed: Sequence[Timed]) -> int:
    if kind is StartKind.FORK:
        return max(each.sample.rss_growth_kib for each in timed)
    return max(each.reply.max_rss_kib for each in timed)
