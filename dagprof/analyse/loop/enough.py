"""What would be enough: the settings with which one round takes at most a wanted time, the files
that are close to a timeout, and the files that Airflow need not parse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from dagprof.analyse.loop.forecast import Forecast
from dagprof.analyse.loop.manager import simulate
from dagprof.analyse.loop.values import LoopFile, LoopSettings
from dagprof.model import Run, Status

# A file that needs this part of a timeout is close to it.
CLOSE = 0.5
_MOST_PROCESSES = 64


class Enough(NamedTuple):
    """What is enough for rounds of ``within_s``.

    ``processes`` is the smallest sufficient number of parsing processes on ``cores`` CPU cores. 0
    means that no number is enough. ``interval_s`` is the smallest ``min_file_process_interval``
    that the present number of processes can keep.
    """

    within_s: float
    is_enough: bool
    processes: int
    cores: int
    interval_s: float


class Close(NamedTuple):
    """A file that takes ``takes_s`` of the timeout ``limit``, which is ``limit_s``."""

    path: str
    limit: str
    takes_s: float
    limit_s: float


class Ignorable(NamedTuple):
    """Files that define no DAG. Without them, one round takes ``round_s``."""

    paths: tuple[str, ...]
    saves_s: float
    round_s: float


def enough(now: Forecast, within_s: float | None = None) -> Enough:
    """What is enough for rounds of ``within_s``; by default ``min_file_process_interval``."""
    within = now.settings.interval_s if within_s is None else within_s
    interval_s = float(math.ceil(now.round_s))
    if now.round_s <= within:
        settings = now.settings
        return Enough(within, True, settings.processes, settings.cores, interval_s)
    for has_more_cores in (False, True):
        found = _processes(now, within, has_more_cores=has_more_cores)
        if found is not None:
            return Enough(within, False, found.processes, found.cores, interval_s)
    return Enough(within, False, 0, now.settings.cores, interval_s)


def _processes(now: Forecast, within_s: float, *, has_more_cores: bool) -> LoopSettings | None:
    """The smallest sufficient number of parsing processes, found by bisection."""

    def settings(processes: int) -> LoopSettings:
        cores = max(now.settings.cores, processes) if has_more_cores else now.settings.cores
        return now.settings._replace(processes=processes, cores=cores)

    def is_enough(processes: int) -> bool:
        return round_s(now.files, settings(processes), now) <= within_s

    low, high = now.settings.processes, min(_MOST_PROCESSES, max(2, len(now.files)))
    if high <= low or not is_enough(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return settings(high)


def round_s(files: Sequence[LoopFile], settings: LoopSettings, now: Forecast) -> float:
    """The time of one round with other files or settings."""
    return simulate(files, settings, now.costs, rounds=1).round_s


def close(run: Run, now: Forecast) -> tuple[Close, ...]:
    """The files that need at least half of one of Airflow's timeouts, the closest first.

    ``dagbag_import_timeout`` limits the execution of the file, and ``dag_file_processor_timeout``
    the lifetime of the parsing process.
    """
    occupied = {file.path: s for file, s in zip(now.files, now.occupied_s, strict=True)}
    found = []
    for file in run.files:
        import_s = file.samples.median("load_ms") / 1000
        found.append(
            Close(file.path, "dagbag_import_timeout", import_s, now.settings.import_timeout_s)
        )
        process_s = occupied.get(file.path, 0.0)
        found.append(
            Close(file.path, "dag_file_processor_timeout", process_s, now.settings.timeout_s)
        )
    near = [each for each in found if each.limit_s > 0 and each.takes_s >= CLOSE * each.limit_s]
    return tuple(sorted(near, key=lambda each: (-each.takes_s / each.limit_s, each.path)))


def ignorable(run: Run, now: Forecast) -> Ignorable | None:
    """The files that load without an error and define no DAG. None if there are none."""
    paths = {file.path for file in run.files if file.status is Status.NO_DAGS}
    if not paths:
        return None
    rest = [file for file in now.files if file.path not in paths]
    once = [parse for parse in now.first_round if now.files[parse.file].path in paths]
    saves_s = sum(parse.stored - parse.start for parse in once)
    return Ignorable(tuple(sorted(paths)), saves_s, round_s(rest, now.settings, now))
