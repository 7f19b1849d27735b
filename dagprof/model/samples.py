"""The durations of the timed parses of one DAG file."""

from __future__ import annotations

import statistics

import msgspec

from dagprof.model.base import Frozen, Ms, SignedMs, Whole
from dagprof.robust import median_absolute_deviation

# Runs of an older dagprof lack the other columns.
_ALWAYS = ("wall_ms", "cpu_ms", "load_ms", "bag_ms", "serialise_ms")


class Samples(Frozen, frozen=True):
    """Uninstrumented parses of one file. Each figure is a column, in the order of the parses.

    ``wall_ms`` is the parse time: from the start of DagBag to the end of serialisation. At the
    temperature ``cold``, ``wall_ms`` also includes the import of Airflow (``airflow_ms``).
    ``load_ms``, ``bag_ms``, ``serialise_ms`` and ``exit_ms`` are the stages of the parse.
    ``exit_ms`` is the end of the process in Airflow 3: exit handlers, and waiting for processes
    that keep the output open. ``queued_ms`` is the part of ``wall_ms`` in which the parse waited
    for a CPU that other processes used. ``wall_ms`` minus ``queued_ms`` is at least the CPU time of
    the parsing thread. ``overhead_ms`` is the time of the measurement around the parse: fork, pipes
    and cleanup of the process.
    """

    wall_ms: tuple[Ms, ...] = ()
    cpu_ms: tuple[Ms, ...] = ()
    children_cpu_ms: tuple[Ms, ...] = ()
    queued_ms: tuple[Ms, ...] = ()
    airflow_ms: tuple[Ms, ...] = ()
    load_ms: tuple[Ms, ...] = ()
    bag_ms: tuple[SignedMs, ...] = ()
    serialise_ms: tuple[Ms, ...] = ()
    exit_ms: tuple[Ms, ...] = ()
    dagbag_ms: tuple[SignedMs, ...] = ()
    overhead_ms: tuple[SignedMs, ...] = ()
    rss_growth_kib: tuple[Whole, ...] = ()

    def __post_init__(self) -> None:
        columns = msgspec.structs.asdict(self)
        lengths = {len(columns.pop(name)) for name in _ALWAYS}
        lengths.update(len(column) for column in columns.values() if column)
        if len(lengths) > 1:
            raise ValueError("the columns of samples differ in length")

    def __len__(self) -> int:
        return len(self.wall_ms)

    def median(self, column: str) -> float:
        """The median of one column. 0.0 for an empty column."""
        values = getattr(self, column)
        return float(statistics.median(values)) if values else 0.0

    @property
    def own_ms(self) -> tuple[float, ...]:
        """The wall times minus the time that each parse waited for a CPU."""
        if not self.queued_ms:  # a Run of an older dagprof
            return self.wall_ms
        return tuple(
            wall - queued for wall, queued in zip(self.wall_ms, self.queued_ms, strict=True)
        )

    @property
    def spread_ms(self) -> float:
        """The median absolute deviation of the wall times in ms: the width of the noise around the
        median.
        """
        return median_absolute_deviation(self.wall_ms)
