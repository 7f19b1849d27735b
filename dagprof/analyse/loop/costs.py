"""The files of a Run as the simulated loop sees them, and the times that the manager adds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from dagprof.analyse.loop.settings import is_airflow_3
from dagprof.analyse.loop.values import Costs, LoopFile
from dagprof.model import FileResult, Run, Status

# What a parse costs besides the parse, as bench/loop.py measured it with a local database on a
# machine on which the overhead of a measured parse was ``_OVERHEAD_MS``. The values of a Run are in
# proportion to the overhead in this Run.
_AIRFLOW_3 = Costs(start_s=0.010, store_s=0.008, store_dag_s=0.006, turn_s=0.008, child_s=0.014)
_AIRFLOW_2 = Costs(start_s=0.004, turn_s=0.016, child_s=0.030, child_dag_s=0.030)
_OVERHEAD_MS = 9.0
# A machine that looks slower or faster than this is not; a few parses were disturbed.
_MOST_FACTOR = 3.0


def costs_of(run: Run, per_parse_s: float | None = None) -> Costs:
    """The costs for the Airflow version and the machine of the Run.

    ``per_parse_s`` is the user's own figure for all costs of one parse besides the parse. The parts
    keep their proportions.
    """
    costs = _AIRFLOW_3 if is_airflow_3(run.environment) else _AIRFLOW_2
    factor = _speed(run) if per_parse_s is None else per_parse_s / per_parse(costs)
    return Costs(*(factor * value for value in costs))


def per_parse(costs: Costs) -> float:
    """All costs of one parse of a file with one DAG."""
    return sum(costs)


def _speed(run: Run) -> float:
    overheads = [
        ms
        for file in run.files
        if not file.composed_ms
        for ms in file.samples.overhead_ms
        if ms > 0
    ]
    if not overheads or run.was_busy:
        return 1.0
    factor = _quartile(overheads) / _OVERHEAD_MS
    return min(_MOST_FACTOR, max(1 / _MOST_FACTOR, factor))


def _quartile(values: list[float]) -> float:
    """The lower quartile: parses on a busy machine have a longer overhead."""
    return statistics.quantiles(values, n=4)[0] if len(values) > 1 else values[0]


def files_of(
    run: Run,
    timeout_s: float,
    modified: Mapping[str, float],
    savings_ms: Mapping[str, float] | None = None,
) -> tuple[LoopFile, ...]:
    """All files of the Run. By path, ``modified`` has the modification times, and ``savings_ms``
    the time that each parse becomes faster.

    A file that exceeded the time limit occupies a parsing process until Airflow's own timeout. A
    file that crashed has no time and counts as 0 s.
    """
    savings = savings_ms or {}
    return tuple(
        _loop_file(file, timeout_s, savings.get(file.path, 0.0), modified.get(file.path, 0.0))
        for file in run.files
        if file.status is not Status.SKIPPED
    )


def _loop_file(file: FileResult, timeout_s: float, saving_ms: float, modified: float) -> LoopFile:
    dags = len(file.dag_ids)
    if not file.is_timed:
        endless_s = 2 * timeout_s if file.status is Status.TIMED_OUT else 0.0
        return LoopFile(file.path, endless_s, 0.0, dags, modified)
    cpu_ms = file.samples.median("cpu_ms") + file.samples.median("children_cpu_ms")
    share = min(1.0, cpu_ms / file.own_ms) if file.own_ms else 1.0
    parse_s = max(0.0, file.own_ms - saving_ms) / 1000
    return LoopFile(file.path, parse_s, share, dags, modified)
