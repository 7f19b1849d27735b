"""One scan: what was measured, where and how, and the results."""

from __future__ import annotations

import enum

from dagprof.model.base import Doubt, Frozen
from dagprof.model.file import FileResult
from dagprof.model.project import Project
from dagprof.model.samples import Samples
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


# From here on a machine is called busy: this share of all parse time went by waiting for a
# processor.
BUSY_SHARE = 0.1


class SkipReason(str, enum.Enum):
    """Why Airflow does not parse a file, by its own functions."""

    IGNORED = "ignored"
    SAFE_MODE = "safe-mode"
    CALLABLE = "callable"
    OTHER_FORMAT = "other-format"
    UNEXAMINED = "unexamined"


class SkippedFile(Frozen, frozen=True):
    """A file that Airflow does not parse, and the reason.

    ``detail`` holds the words that the text lacks (``safe-mode``), the name of the user's function
    (``callable``) or the exception that it raised (``unexamined``).
    """

    path: str
    reason: SkipReason
    detail: str = ""

    @property
    def why(self) -> str:
        """The reason as a clause: ``its text lacks 'dag', and safe mode skips it``."""
        if self.reason is SkipReason.IGNORED:
            return "a pattern in .airflowignore matches it"
        if self.reason is SkipReason.SAFE_MODE:
            return (
                f"its text lacks {self.detail or 'the words that safe mode looks for'}, so safe"
                " mode skips it"
            )
        if self.reason is SkipReason.CALLABLE:
            return f"{self.detail} ([core] might_contain_dag_callable) rejects it"
        if self.reason is SkipReason.UNEXAMINED:
            return f"Airflow fails to examine it ({self.detail})"
        is_named_so = self.path.endswith(".zip")
        return (
            "it is not a zip archive"
            if is_named_so
            else "it is neither a .py file nor a zip archive"
        )

    def loses_dags_of(self, before: FileResult) -> bool:
        """Whether the file gave DAGs before and is skipped now, and not by a pattern that
        somebody wrote.
        """
        return self.reason is not SkipReason.IGNORED and bool(before.dag_ids)


class Git(Frozen, frozen=True):
    """The state of the repository that holds the DAG files."""

    commit: str
    is_dirty: bool


class Environment(Frozen, frozen=True):
    """Where the numbers were taken. ``machine`` is a digest of host name and hardware, to
    distinguish machines.

    ``airflow_config`` holds the settings that decide how Airflow parses; ``distributions`` is all
    that is installed beside it.
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


class Plugin(Frozen, frozen=True):
    """One plugin that Airflow's manager loads once, before it parses: a cost that no DAG file can
    change.

    ``source`` is its file, entry point or provider. ``wall_ms`` and ``rss_kib`` are what loading it
    took and added, with the ``modules`` that it brought; what an earlier plugin had loaded already
    is that one's. ``error`` is the reason why it could not be loaded, empty where it could.
    """

    name: str
    source: str = ""
    wall_ms: float = 0.0
    rss_kib: int = 0
    modules: int = 0
    error: str = ""


class Reference(Frozen, frozen=True):
    """Parses of dagprof's own fixed file (``dagprof.measure.reference``) in the same scan: how
    fast the machine was then.
    """

    version: int
    samples: Samples


class Run(Frozen, frozen=True):
    """One scan: what was measured, where, how, and the results. The file between measuring and
    reporting.
    """

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
    reference: Reference | None = None
    plugins: tuple[Plugin, ...] = ()
    project: Project = Project()

    @property
    def broken(self) -> list[FileResult]:
        """The files that give no DAGs, whatever they are answered."""
        return [file for file in self.files if file.status.is_broken]

    @property
    def needy(self) -> list[FileResult]:
        """The files that fail for lack of an answer."""
        return [file for file in self.files if file.unanswered]

    @property
    def total_parse_ms(self) -> float:
        """Sum of the files' median parse times: the work of one loop of the DAG processor, in
        milliseconds.
        """
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
    """One measured file on its own, as the journal keeps it: positions in ``result`` point into
    ``modules`` here.

    Distributions of ``modules`` are not known yet; ``import_sets`` is this file's own
    ``Run.import_sets``.
    """

    result: FileResult
    modules: tuple[Module, ...] = ()
    import_sets: tuple[tuple[Edge, ...], ...] = ()
