"""Results of experiments on one DAG file: does it need an import, and what does the parse save
without it?
"""

from __future__ import annotations

import enum
import statistics
from typing import Annotated

from msgspec import Meta

from dagprof.model.base import Frozen, Place, SignedMs, Whole
from dagprof.robust import median_absolute_deviation, standard_error_of_median


class Need(str, enum.Enum):
    """What an experiment showed about the removed import statements."""

    NOT_NEEDED = "not-needed"
    RAISES = "raises"
    CHANGES_DAGS = "changes-dags"
    UNKNOWN = "unknown"


class Experiment(Frozen, frozen=True):
    """Another parse of the file, without some import statements or calls. dagprof removes these in
    memory only.

    ``need`` says whether the parse needed them, and ``reason`` what needed them. ``saving_ms`` and
    ``memory_kib`` hold one difference per round: a plain parse minus the parse without the
    statements right after it. ``saving_ms`` is scaled to the file's parse time without waiting for
    a processor, because the machine's speed may have changed since. ``cautions`` names actions of
    the imports that the serialised DAGs do not show. ``has_star`` says that one of them is an
    ``import *``. Three fields describe a single statement that is not needed: ``used_in`` holds a
    place in each other file that takes its names from this file, perhaps in tasks; ``is_unused``
    says that no source was seen to use them; ``in_hints`` says that only type hints do. ``called``
    names what a single statement calls, and ``assigned`` the names that keep the value. Both are
    empty for an import statement.
    """

    without: Annotated[tuple[Place, ...], Meta(min_length=1)]
    need: Need
    reason: str = ""
    saving_ms: tuple[SignedMs, ...] = ()
    memory_kib: tuple[Whole, ...] = ()
    cautions: tuple[str, ...] = ()
    has_star: bool = False
    used_in: tuple[Place, ...] = ()
    is_unused: bool = False
    in_hints: bool = False
    called: str = ""
    assigned: tuple[str, ...] = ()

    @property
    def is_proof(self) -> bool:
        """Whether the experiment proves a saving: the DAGs stayed the same and dagprof timed the
        difference.
        """
        return self.need is Need.NOT_NEEDED and bool(self.saving_ms)

    @property
    def is_shorter(self) -> bool:
        """Whether the proved saving is above its noise: by more than two standard errors."""
        return self.is_proof and self.proved_ms > 2 * standard_error_of_median(self.saving_ms)

    @property
    def proved_ms(self) -> float:
        """Median saving in ms; 0.0 if dagprof timed nothing."""
        return float(statistics.median(self.saving_ms)) if self.saving_ms else 0.0

    @property
    def spread_ms(self) -> float:
        """Median absolute deviation of the savings, in ms."""
        return median_absolute_deviation(self.saving_ms)
