"""One scan: what was measured, where and how, and the results."""

from __future__ import annotations

import enum

from dagprof.model.base import Doubt, Frozen
from dagprof.model.file import FileResult, Samples
from dagprof.model.trace import Edge, Module


class Temperature(str, enum.Enum):
    """What the process that parses has already imported; see docs/how-it-works.md."""

    PROCESSOR = "processor"
    WARM = "warm"
    COLD = "cold"


class Isolation(str, enum.Enum):
    """How a parse gets a process of its own."""

    FORK = "fork"
    SPAWN = "spawn"


# From here on a machine is called busy: this share of all parse time went by waiting for a processor.
BUSY_SHARE = 0.1
# Why Airflow passes over a file, in words.
SKIPPED = {
    "ignored": "a pattern in .airflowignore matches it",
    "safe-mode": "its text lacks 'dag' and 'airflow', and safe mode passes over it",
}


class SkippedFile(Frozen, frozen=True):
    """A file that Airflow would not parse, and the reason: ``ignored`` (by ``.airflowignore``) or ``safe-mode``."""

    path: str
    reason: str

    def loses_dags_of(self, before: FileResult) -> bool:
        """Whether the file gave DAGs before and is passed over for its words, not by a pattern that somebody wrote."""
        return self.reason == "safe-mode" and bool(before.dag_ids)


class Git(Frozen, frozen=True):
    """The state of the repository that holds the DAG files."""

    commit: str
    is_dirty: bool


class Environment(Frozen, frozen=True):
    """Where the numbers were taken. ``machine`` is a digest of host name and hardware, to tell machines apart.

    ``airflow_config`` holds the settings that decide how Airflow parses; ``distributions`` is all that is installed beside it.
    """

    python_version: str
    python_executable: str
    airflow_version: str
    platform: str
    cpu_model: str
    cpu_count: int
    machine: str
    airflow_home: str = ""
    airflow_config: dict[str, str] = {}
    pre_imported: tuple[str, ...] = ()
    distributions: dict[str, str] = {}
    git: Git | None = None

    @property
    def import_timeout_s(self) -> float:
        """Airflow's ``dagbag_import_timeout`` in seconds; 0 when there is none."""
        return float(self.airflow_config.get("dagbag_import_timeout", 0) or 0)


class Reference(Frozen, frozen=True):
    """Parses of dagprof's own fixed file (``dagprof.measure.reference``) in the same scan: how fast the machine was then."""

    version: int
    samples: Samples


class Run(Frozen, frozen=True):
    """One scan: what was measured, where, how, and the results. The file between measuring and telling."""

    schema_version: int
    dagprof_version: str
    created_at: str
    root: str
    wall_s: float
    environment: Environment
    settings: dict[str, str | int | float | bool | None]
    files: tuple[FileResult, ...]
    modules: tuple[Module, ...] = ()
    import_sets: tuple[tuple[Edge, ...], ...] = ()
    skipped: tuple[SkippedFile, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    is_complete: bool = True
    reference: Reference | None = None

    @property
    def total_parse_ms(self) -> float:
        """Sum of the files' median parse times: the work of one loop of the DAG processor, in milliseconds."""
        return sum(file.parse_ms for file in self.files)

    @property
    def total_own_ms(self) -> float:
        """The same without waiting for a processor that others used."""
        return sum(file.own_ms for file in self.files)

    @property
    def total_queued_ms(self) -> float:
        """What of the total parse time went by waiting for a processor."""
        return self.total_parse_ms - self.total_own_ms

    @property
    def was_busy(self) -> bool:
        """Whether that was much of it."""
        return self.total_queued_ms > BUSY_SHARE * self.total_parse_ms


class Measured(Frozen, frozen=True):
    """One measured file on its own, as the journal keeps it: positions in ``result`` point into ``modules`` here.

    Distributions of ``modules`` are not known yet; ``import_sets`` is this file's own ``Run.import_sets``.
    """

    result: FileResult
    modules: tuple[Module, ...] = ()
    import_sets: tuple[tuple[Edge, ...], ...] = ()
