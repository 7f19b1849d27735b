"""How long the timed parses of one DAG file took."""

from __future__ import annotations

import statistics

import msgspec

from dagprof.model.base import Frozen, Ms, SignedMs, Whole
from dagprof.robust import median_absolute_deviation

# Runs of an older dagprof lack the other columns.
_ALWAYS = ("wall_ms", "cpu_ms", "load_ms", "bag_ms", "serialise_ms")


class Samples(Frozen, frozen=True):
    """Uninstrumented parses of one file: one column per figure, in the order of the parses.

    ``wall_ms`` is the parse time: from the start of DagBag to the end of serialisation. For the
    cold temperature, it includes the import of Airflow before that, ``airflow_ms``. ``load_ms``,
    ``bag_ms``, ``serialise_ms`` and ``exit_ms`` are its stages. ``exit_ms`` is the end of the
    process in Airflow 3: its exit handlers, and the wait for processes that hold its output open.
    ``queued_ms`` is the part of ``wall_ms`` in which the parse waited for a processor that others
    used. It is limited so that ``wall_ms`` without it is at least the CPU time of the parsing
    thread. ``overhead_ms`` is the time of the measurement itself around the parse: fork, pipes,
    reaping.
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
        """Median of one column; 0.0 for an empty one."""
        values = getattr(self, column)
        return float(statistics.median(values)) if values else 0.0

    @property
    def own_ms(self) -> tuple[float, ...]:
        """Wall times minus the time that each parse waited for a processor that others used."""
        if not self.queued_ms:  # a Run of an older dagprof
            return self.wall_ms
        return tuple(
            wall - queued for wall, queued in zip(self.wall_ms, self.queued_ms, strict=True)
        )

    @property
    def spread_ms(self) -> float:
        """Median absolute deviation of the wall times, in milliseconds: the width of the noise
        around the median.
        """
        return median_absolute_deviation(self.wall_ms)
