"""The forecast of the parse loop: the figures of one simulation."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from dagprof.analyse.loop.manager import simulate
from dagprof.analyse.loop.staleness import Staleness, staleness
from dagprof.analyse.loop.values import Costs, LoopFile, LoopSettings, Parse, Timeline

# In larger folders, dagprof simulates fewer rounds.
_LARGE = 2000


class Forecast(NamedTuple):
    """The figures of the loop with these files, settings and costs.

    ``round_s`` is the time in which the manager parses each file once if all files are due.
    ``work_s`` is the sum of the times that the files occupy a parsing process in one round.
    ``cycle_s`` is the mean time between two results of one file, and ``longest_cycle_s`` the
    longest time. ``new_file_s`` is the longest time until Airflow starts to parse a new file.
    ``busy`` and ``busy_cores`` are the used parts of the parsing processes and of the CPU cores.
    ``occupied_s`` has the longest time that a parsing process worked on each file.
    """

    files: tuple[LoopFile, ...]
    settings: LoopSettings
    costs: Costs
    timeline: Timeline
    round_s: float
    work_s: float
    cycle_s: float
    longest_cycle_s: float
    stale: Staleness
    new_file_s: float
    busy: float
    busy_cores: float
    occupied_s: tuple[float, ...]

    @property
    def keeps_up(self) -> bool:
        """Whether the manager parses all files within ``min_file_process_interval``."""
        return self.round_s <= self.settings.interval_s

    @property
    def first_round(self) -> tuple[Parse, ...]:
        """The parses until the manager has parsed each file once."""
        return self.timeline.parses[: self.timeline.first]


def forecast(files: Sequence[LoopFile], settings: LoopSettings, costs: Costs) -> Forecast:
    """Simulate the loop, and compute all figures."""
    timeline = simulate(files, settings, costs, rounds=5 if len(files) <= _LARGE else 3)
    steady = timeline.parses[timeline.first :]
    occupied = [0.0] * len(files)
    for parse in timeline.parses:
        occupied[parse.file] = max(occupied[parse.file], parse.stored - parse.start)
    once = timeline.parses[: timeline.first]
    cycles = _cycles(steady)
    span_s = max(timeline.span_s - timeline.round_s, 1e-9)
    used_s = sum(parse.stored - max(parse.start, timeline.round_s) for parse in steady)
    cpu_s = sum(files[parse.file].parse_s * files[parse.file].cpu_share for parse in steady)
    overhead_s = len(steady) * (sum(costs) - costs.turn_s)
    return Forecast(
        files=tuple(files),
        settings=settings,
        costs=costs,
        timeline=timeline,
        round_s=timeline.round_s,
        work_s=sum(parse.stored - parse.start for parse in once),
        cycle_s=statistics.mean(map(statistics.mean, cycles)) if cycles else 0.0,
        longest_cycle_s=max(map(max, cycles), default=0.0),
        stale=staleness(timeline, settings.sort_mode),
        new_file_s=settings.refresh_s
        + (settings.check_s if settings.is_airflow_3 else 1.0)
        + _longest_full(timeline, settings.processes),
        busy=min(1.0, used_s / (span_s * settings.processes)),
        busy_cores=min(1.0, (cpu_s + overhead_s) / (span_s * settings.cores)),
        occupied_s=tuple(occupied),
    )


def _cycles(parses: Sequence[Parse]) -> list[list[float]]:
    """The times between two results of one file, for each file."""
    last: dict[int, float] = {}
    found: dict[int, list[float]] = {}
    for parse in parses:
        if parse.file in last:
            found.setdefault(parse.file, []).append(parse.stored - last[parse.file])
        last[parse.file] = parse.stored
    return list(found.values())


def _longest_full(timeline: Timeline, processes: int) -> float:
    """The longest time in which no parsing process was free."""
    moments = [(parse.start, 1) for parse in timeline.parses]
    moments += [(parse.stored, -1) for parse in timeline.parses]
    running, since, longest = 0, 0.0, 0.0
    for at, change in sorted(moments):
        if running == processes and change < 0:
            longest = max(longest, at - since)
        running += change
        if running == processes and change > 0:
            since = at
    return longest
