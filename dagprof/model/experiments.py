"""Results of experiments on one DAG file. An experiment shows whether the file needs an import, and
the saving without the import.
"""

from __future__ import annotations

import enum
import statistics
from typing import Annotated

from msgspec import Meta

from dagprof.model.base import Frozen, Place, SignedMs, Whole
from dagprof.robust import COMPOSED_ERROR, median_absolute_deviation, standard_error_of_median


class Need(str, enum.Enum):
    """The result of an experiment for the removed statements."""

    NOT_NEEDED = "not-needed"
    RAISES = "raises"
    CHANGES_DAGS = "changes-dags"
    UNKNOWN = "unknown"


class Experiment(Frozen, frozen=True):
    """An additional parse of the file without some import statements or calls. dagprof removes the
    statements only in memory, not in the source file.

    ``kept`` are the statements that dagprof did not remove, but that got their values from another
    parse. The parse needs these values, but need not compute the values again. ``reason`` is then
    the line that needs the value, if an experiment found this line. ``names`` are the names that
    dagprof removed from a ``from`` import whose other names the parse needs. ``names`` is empty if
    dagprof removed the whole statement.

    ``need`` says whether the parse needs the statements, and ``reason`` says why. ``saving_ms`` and
    ``memory_kib`` contain one difference per round: an uninstrumented parse minus the next parse
    without the statements. The machine speed may have changed between the timed parses and the
    experiment. ``saving_ms`` is therefore scaled to the median parse time of the file, without the
    time that the parse waited for a CPU. ``is_composed`` says that the parses of the experiment
    shared packages with other files; see ``Layers``.
    ``cautions`` names changes of the process state that the serialised DAGs do not show.
    ``has_star`` says that one of the statements is ``import *``. The next fields describe a single
    statement that the parse does not need. ``used_in`` holds one place in each other file that
    imports names from this file. ``is_unused`` says that no source file uses the names.
    ``in_hints`` says that only type hints use the names. ``called`` names the called function, and
    ``assigned`` names the variables that hold the result. ``called`` and ``assigned`` are empty for
    an import statement.
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
    kept: tuple[Place, ...] = ()
    names: tuple[str, ...] = ()
    is_composed: bool = False

    @property
    def is_proof(self) -> bool:
        """Whether the experiment proves a saving. The DAGs stayed the same, and dagprof measured
        the difference.
        """
        return self.need is Need.NOT_NEEDED and bool(self.saving_ms)

    @property
    def is_shorter(self) -> bool:
        """Whether the proved saving exceeds the noise: more than two standard errors."""
        return self.is_proof and self.proved_ms > 2 * standard_error_of_median(self.saving_ms)

    @property
    def proved_ms(self) -> float:
        """The median saving in ms. 0.0 if dagprof measured no saving."""
        return float(statistics.median(self.saving_ms)) if self.saving_ms else 0.0

    @property
    def spread_ms(self) -> float:
        """The median absolute deviation of the savings, in ms. For composed savings, the result is
        at least the error of composed times, which is equal in all rounds.
        """
        spread = median_absolute_deviation(self.saving_ms)
        return max(spread, COMPOSED_ERROR * abs(self.proved_ms)) if self.is_composed else spread
