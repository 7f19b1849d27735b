"""One scan: what dagprof measured, where and how, and the results."""

from __future__ import annotations

import enum
import math

from dagprof.model.base import Count, Doubt, Frozen, Seconds, SignedMs, Whole
from dagprof.model.file import FileResult
from dagprof.model.project import Project
from dagprof.model.samples import Samples
from dagprof.model.trace import Edge, Module


class Temperature(str, enum.Enum):
    """Which modules the parsing process has already imported; see docs/how-it-works.md."""

    PROCESSOR = "processor"
    WARM = "warm"
    COLD = "cold"


class Isolation(str, enum.Enum):
    """How a parse gets a process of its own."""

    FORK = "fork"
    SPAWN = "spawn"


# A machine counts as busy if the parses spend this share of all parse time waiting for a processor.
BUSY_SHARE = 0.1


class SkipReason(str, enum.Enum):
    """Why Airflow does not parse a file, as Airflow's own functions decide it."""

    IGNORED = "ignored"
    SAFE_MODE = "safe-mode"
    CALLABLE = "callable"
    OTHER_FORMAT = "other-format"
    UNEXAMINED = "unexamined"


class SkippedFile(Frozen, frozen=True):
    """A file that Airflow does not parse, and the reason.

    ``detail`` depends on the reason: the words that the text lacks (``safe-mode``), the name of the
    user's function (``callable``) or the exception that this function raised (``unexamined``).
    """

    path: str
    reason: SkipReason
    detail: str = ""

    @property
    def why(self) -> str:
        """The reason as a clause: ``the file lacks 'dag', so safe mode skips the file``."""
        if self.reason is SkipReason.IGNORED:
            return "a pattern in .airflowignore matches the file"
        if self.reason is SkipReason.SAFE_MODE:
            return (
                f"the file lacks {self.detail or 'the words that safe mode looks for'}, so safe"
                " mode skips the file"
            )
        if self.reason is SkipReason.CALLABLE:
            return f"{self.detail} ([core] might_contain_dag_callable) rejects the file"
        if self.reason is SkipReason.UNEXAMINED:
            return f"Airflow fails to examine the file ({self.detail})"
        is_named_so = self.path.endswith(".zip")
        return (
            "the file is not a zip archive"
            if is_named_so
            else "the file is neither a .py file nor a zip archive"
        )

    def loses_dags_of(self, before: FileResult) -> bool:
        """Whether the file gave DAGs before and Airflow skips it now for another reason than a
        pattern that somebody wrote.
        """
        return self.reason is not SkipReason.IGNORED and bool(before.dag_ids)


class Git(Frozen, frozen=True):
    """The state of the repository that holds the DAG files."""

    commit: str
    is_dirty: bool


class Environment(Frozen, frozen=True):
    """Where dagprof took the numbers. ``machine`` is a digest of host name and hardware that
    distinguishes machines.

    ``airflow_config`` holds the settings that decide how Airflow parses. ``distributions`` lists
    all distributions installed beside Airflow.
    """

    python_version: str
    python_executable: str
    airflow_version: str
    platform: str
    cpu_model: str
    cpu_count: Count
    machine: str
    airflow_home: str = ""
    airflow_config: dict[str, str] = {}
    pre_imported: tuple[str, ...] = ()
    distributions: dict[str, str] = {}
    git: Git | None = None

    @property
    def import_timeout_s(self) -> float:
        """Airflow's ``dagbag_import_timeout`` in seconds; 0 if it is missing or no number."""
        try:
            limit_s = float(self.airflow_config.get("dagbag_import_timeout", "0"))
        except ValueError:
            return 0.0
        return limit_s if 0 < limit_s < math.inf else 0.0


class Plugin(Frozen, frozen=True):
    """One plugin. Airflow's manager loads it once, before it parses, so no DAG file can change its
    cost.

    ``source`` is its file, entry point or provider. ``wall_ms`` and ``rss_kib`` are the time and
    memory that loading it added, ``modules`` the modules that it brought. Modules that an earlier
    plugin loaded count for that plugin. ``error`` is the reason why the plugin could not be loaded,
    empty if it could.
    """

    name: str
    source: str = ""
    wall_ms: SignedMs = 0.0
    rss_kib: Whole = 0
    modules: Whole = 0
    error: str = ""


class Reference(Frozen, frozen=True):
    """Parses of dagprof's own fixed file (``dagprof.measure.reference``) in the same scan. They
    show how fast the machine was during the scan.
    """

    version: Whole
    samples: Samples

    def __post_init__(self) -> None:
        if not all(ms > 0 for ms in self.samples.cpu_ms or (0.0,)):
            raise ValueError("the reference parse has no CPU time")


class Run(Frozen, frozen=True):
    """One scan: what dagprof measured, where and how, and the results. Measuring writes this file;
    reports read it.

    ``paths`` are the files and folders that the scan was asked for, relative to ``root``; ``.``
    stands for all files.
    """

    schema_version: int
    dagprof_version: str
    created_at: str
    root: str
    wall_s: Seconds
    environment: Environment
    settings: dict[str, str | Whole | SignedMs | bool | None]
    files: tuple[FileResult, ...]
    modules: tuple[Module, ...] = ()
    import_sets: tuple[tuple[Edge, ...], ...] = ()
    skipped: tuple[SkippedFile, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    reference: Reference | None = None
    plugins: tuple[Plugin, ...] = ()
    project: Project = Project()
    paths: tuple[str, ...] = (".",)

    @property
    def broken(self) -> list[FileResult]:
        """The files that give no DAGs, whatever answers they get."""
        return [file for file in self.files if file.status.is_broken]

    @property
    def needy(self) -> list[FileResult]:
        """The files that fail for lack of an answer."""
        return [file for file in self.files if file.unanswered]

    @property
    def total_parse_ms(self) -> float:
        """Sum of the files' median parse times in milliseconds: the work of one loop of the DAG
        processor.
        """
        return sum(file.parse_ms for file in self.files)

    @property
    def total_own_ms(self) -> float:
        """The total parse time without waiting for a processor that others used."""
        return sum(file.own_ms for file in self.files)

    @property
    def total_queued_ms(self) -> float:
        """The part of the total parse time that the parses spent waiting for a processor."""
        return self.total_parse_ms - self.total_own_ms

    @property
    def was_busy(self) -> bool:
        """Whether the machine was busy: much of the parse time was waiting for a processor."""
        return self.total_queued_ms > BUSY_SHARE * self.total_parse_ms


class Measured(Frozen, frozen=True):
    """One measured file on its own, as the journal keeps it. Positions in ``result`` point into its
    own ``modules``.

    The distributions of ``modules`` are not known yet. ``import_sets`` is this file's own
    ``Run.import_sets``.
    """

    result: FileResult
    modules: tuple[Module, ...] = ()
    import_sets: tuple[tuple[Edge, ...], ...] = ()
