"""The comparison of a deployment's parse times with the measured ones."""

from __future__ import annotations

import enum
from typing import NamedTuple

from dagprof.model import Effect, FileResult, ProductionFile, SkippedFile


class Cause(str, enum.Enum):
    """Why the parse time in production differs from the parse time here."""

    NOT_SCANNED = "not-scanned"
    SKIPPED = "skipped"
    FAILED_HERE = "failed-here"
    NO_TIME = "no-time"
    FAILED_THERE = "failed-there"
    LOOKUPS = "lookups"
    SLOW_LOOKUPS = "slow-lookups"
    STUBS = "stubs"
    WAITS = "waits"
    MACHINE = "machine"
    UNKNOWN = "unknown"


class Reason(NamedTuple):
    """One cause with its evidence. ``ms`` is a time here, ``number`` counts lookups or effects, and
    ``effect`` is the effect that took the longest time.
    """

    cause: Cause
    ms: float = 0.0
    number: int = 0
    effect: Effect | None = None


class Row(NamedTuple):
    """One file of the deployment. ``file`` is its result here, and ``skipped`` says that Airflow
    skips the file here. ``expected_ms`` is the time that the DAG processor would need here: the
    parse, its lookups, and Airflow's own work.
    """

    there: ProductionFile
    file: FileResult | None = None
    skipped: SkippedFile | None = None
    expected_ms: float | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def path(self) -> str:
        """The path here; for a file without a counterpart, the path in production."""
        if self.file is not None:
            return self.file.path
        return self.skipped.path if self.skipped is not None else self.there.path

    @property
    def here_ms(self) -> float | None:
        """The parse time here without waits for a CPU, if there is one."""
        return self.file.own_ms if self.file is not None and self.file.is_timed else None


class Speed(NamedTuple):
    """How many times as long as here a parse takes in production: the median of ``files`` files,
    and its quartiles.
    """

    factor: float
    low: float
    high: float
    files: int

    @property
    def differs(self) -> bool:
        """Whether most of the files are slower in production, or faster, by similar factors."""
        is_similar = self.high < 2 * self.low
        is_slower = self.factor > 1.25 and self.low > 1.15
        return is_similar and (is_slower or (self.factor < 0.8 and self.high < 0.87))


class ComparedProduction(NamedTuple):
    """All files of a deployment, the slowest first. ``only_here`` are the scanned files that the
    deployment does not report. ``overhead_ms`` is Airflow's own work in each parse.
    """

    rows: tuple[Row, ...]
    only_here: tuple[str, ...]
    overhead_ms: float
    speed: Speed | None

    @property
    def total_ms(self) -> float:
        """The total parse time in production."""
        return sum(row.there.parse_ms or 0.0 for row in self.rows)

    @property
    def matched_ms(self) -> float:
        """The part of this time that belongs to files with a parse time here."""
        return sum(row.there.parse_ms or 0.0 for row in self.rows if row.here_ms is not None)

    @property
    def only_there(self) -> int:
        """The number of files of the deployment that this scan does not contain."""
        return sum(row.file is None and row.skipped is None for row in self.rows)
