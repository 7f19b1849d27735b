"""How long the timed parses of one DAG file took."""

from __future__ import annotations

import statistics

from dagprof.model.base import Frozen
from dagprof.robust import median_absolute_deviation


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

    wall_ms: tuple[float, ...] = ()
    cpu_ms: tuple[float, ...] = ()
    children_cpu_ms: tuple[float, ...] = ()
    queued_ms: tuple[float, ...] = ()
    airflow_ms: tuple[float, ...] = ()
    load_ms: tuple[float, ...] = ()
    bag_ms: tuple[float, ...] = ()
    serialise_ms: tuple[float, ...] = ()
    exit_ms: tuple[float, ...] = ()
    dagbag_ms: tuple[float, ...] = ()
    overhead_ms: tuple[float, ...] = ()
    rss_growth_kib: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.wall_ms)

    def median(self, column: str) -> float:
        """Median of one column; 0.0 for an empty one."""
        values = getattr(self, column)
        return float(statistics.median(values)) if values else 0.0

    @property
    def own_ms(self) -> tuple[float, ...]:
        """Wall times minus the time that each parse waited for a processor that others used."""
        return tuple(
            wall - queued for wall, queued in zip(self.wall_ms, self.queued_ms, strict=True)
        )

    @property
    def spread_ms(self) -> float:
        """Median absolute deviation of the wall times, in milliseconds: the width of the noise
        around the median.
        """
        return median_absolute_deviation(self.wall_ms)
