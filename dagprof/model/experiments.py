"""What experiments on one DAG file showed: does it need an import, and what does the parse save
without it?
"""

from __future__ import annotations

import enum
import statistics

from dagprof.model.base import Frozen, Place
from dagprof.robust import median_absolute_deviation, standard_error_of_median


class Need(str, enum.Enum):
    """What an experiment showed of the import statements that were taken out."""

    NOT_NEEDED = "not-needed"
    RAISES = "raises"
    CHANGES_DAGS = "changes-dags"
    UNKNOWN = "unknown"


class Experiment(Frozen, frozen=True):
    """The file parsed again without some import statements, which were taken out in memory only.

    ``need`` says whether the parse needed them and ``reason`` what did. ``saving_ms`` and
    ``memory_kib`` hold, round by round, what a plain parse took or grew more than the one without
    them taken right after it, scaled to the file's parse time without waiting for a processor: the
    machine's speed may have changed since. ``cautions`` names what the imports do that the
    serialised DAGs do not show; ``has_star`` says that an ``import *`` is among them. Of one
    statement that is not needed, ``used_in`` holds a place in each other file that takes its names
    from here, in tasks perhaps, and ``is_unused`` says that no source was seen to use them,
    ``in_hints`` that only type hints do.
    """

    without: tuple[Place, ...]
    need: Need
    reason: str = ""
    saving_ms: tuple[float, ...] = ()
    memory_kib: tuple[int, ...] = ()
    cautions: tuple[str, ...] = ()
    has_star: bool = False
    used_in: tuple[Place, ...] = ()
    is_unused: bool = False
    in_hints: bool = False

    @property
    def is_proof(self) -> bool:
        """Whether it proves a saving: the DAGs stayed the same and the difference was timed."""
        return self.need is Need.NOT_NEEDED and bool(self.saving_ms)

    @property
    def is_shorter(self) -> bool:
        """Whether the proved saving is above its noise: by more than two standard errors."""
        return self.is_proof and self.proved_ms > 2 * standard_error_of_median(self.saving_ms)

    @property
    def proved_ms(self) -> float:
        """Median saving in ms; 0.0 when nothing was timed."""
        return float(statistics.median(self.saving_ms)) if self.saving_ms else 0.0

    @property
    def spread_ms(self) -> float:
        """Median absolute deviation of the savings, in ms."""
        return median_absolute_deviation(self.saving_ms)
