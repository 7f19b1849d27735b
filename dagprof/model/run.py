"""One scan: the results, the environment and the settings."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping

from dagprof.model.base import Count, Doubt, Factor, Frozen, Ms, Seconds, SignedMs, Whole
from dagprof.model.behaviour import LookupPrices
from dagprof.model.deployment.production import Production
from dagprof.model.file import FileResult
from dagprof.model.preloading import Preloading
from dagprof.model.project import Project
from dagprof.model.samples import Samples
from dagprof.model.trace import Edge, Module


class Temperature(str, enum.Enum):
    """The modules that the parsing process has already imported before the parse; see
    docs/how-it-works.md.
    """

    PROCESSOR = "processor"
    WARM = "warm"
    COLD = "cold"


class Isolation(str, enum.Enum):
    """The way in which each parse gets a separate process. With layers, dagprof forks the parsing
    process from a process that has already imported packages of many files.
    """

    LAYERS = "layers"
    STRICT = "strict"
    SPAWN = "spawn"

    @classmethod
    def _missing_(cls, value: object) -> Isolation | None:
        # The name in dagprof 0.1, in configuration files too.
        return cls.STRICT if value == "fork" else None


# A machine counts as busy if the parses spend this share of all parse time waiting for a processor.
BUSY_SHARE = 0.1


class SkipReason(str, enum.Enum):
    """The reason why Airflow does not parse a file. Airflow's own functions give the reason."""

    IGNORED = "ignored"
    SAFE_MODE = "safe-mode"
    CALLABLE = "callable"
    OTHER_FORMAT = "other-format"
    UNEXAMINED = "unexamined"
    BROKEN_LINK = "broken-link"


class SkippedFile(Frozen, frozen=True):
    """A file that Airflow does not parse, and the reason.

    ``detail`` depends on the reason. For ``safe-mode``, ``detail`` names the words that the text
    lacks. For ``callable``, ``detail`` is the name of the user's function. For ``unexamined``,
    ``detail`` is the exception of this function. For ``broken-link``, ``detail`` is the target.
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
            return (
                f"the function {self.detail} ([core] might_contain_dag_callable) rejects the file"
            )
        if self.reason is SkipReason.UNEXAMINED:
            return f"Airflow fails to examine the file ({self.detail})"
        if self.reason is SkipReason.BROKEN_LINK:
            return f"the symbolic link leads to {self.detail}, which does not exist"
        is_named_so = self.path.endswith(".zip")
        return (
            "the file is not a zip archive"
            if is_named_so
            else "the file is neither a .py file nor a zip archive"
        )

    def loses_dags_of(self, before: FileResult) -> bool:
        """Whether the file produced DAGs before and Airflow now skips the file. A file that a
        pattern in .airflowignore skips does not count.
        """
        return self.reason is not SkipReason.IGNORED and bool(before.dag_ids)


class Git(Frozen, frozen=True):
    """The commit of the repository that contains the DAG files."""

    commit: str
    is_dirty: bool


class Environment(Frozen, frozen=True):
    """The environment of a scan. ``machine`` is a digest of the host name and the hardware.

    ``airflow_config`` holds the settings that affect how Airflow parses. ``distributions`` lists
    all distributions that are installed in the environment of Airflow.
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
        """Airflow's ``dagbag_import_timeout``."""
        return import_timeout_s(self.airflow_config)


def import_timeout_s(airflow_config: Mapping[str, str]) -> float:
    """Airflow's ``dagbag_import_timeout`` in seconds. 0 if the setting is missing or is not a
    number.
    """
    try:
        limit_s = float(airflow_config.get("dagbag_import_timeout", "0"))
    except ValueError:
        return 0.0
    return limit_s if 0 < limit_s < math.inf else 0.0


class Plugin(Frozen, frozen=True):
    """One plugin. Airflow's plugin manager loads the plugin once, before the first parse. Changes
    to DAG files therefore do not affect the cost of the plugin.

    ``source`` is the file, the entry point or the provider of the plugin. ``wall_ms`` and
    ``rss_kib`` are the time and the memory of loading the plugin. ``modules`` is the number of
    loaded modules. Modules that an earlier plugin loaded count only for the earlier plugin.
    ``error`` is the reason why Airflow could not load the plugin. ``error`` is empty if Airflow
    loaded the plugin.
    """

    name: str
    source: str = ""
    wall_ms: SignedMs = 0.0
    rss_kib: Whole = 0
    modules: Whole = 0
    error: str = ""


class Reference(Frozen, frozen=True):
    """Parses of dagprof's own reference file (``dagprof.measure.reference``) in the same scan.
    These parses show the speed of the machine during the scan.
    """

    version: Whole
    samples: Samples

    def __post_init__(self) -> None:
        if not all(ms > 0 for ms in self.samples.cpu_ms or (0.0,)):
            raise ValueError("the reference parse has no CPU time")


class Composed(Frozen, frozen=True):
    """One file whose parse time dagprof both composed and measured. The times are in ms and exclude
    the time that the parse waited for a CPU.
    """

    path: str
    composed_ms: Ms
    measured_ms: Ms


class Layers(Frozen, frozen=True):
    """The shared layer of a scan: packages that dagprof imported once for many DAG files. A layer
    records the imported names, the number of loaded modules, and the time of all imports in ms.

    ``files`` counts the files with composed times. ``checked`` are files that dagprof also measured
    without the layer. ``left_out`` are names that files cannot share, each with the reason.
    ``scale`` is the factor for the times of the layer. dagprof computed this factor from
    ``calibrated`` files that dagprof measured with and without the layer.
    """

    names: tuple[str, ...]
    modules: Count
    wall_ms: Ms
    files: Count
    checked: tuple[Composed, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    scale: Factor = 1.0
    calibrated: Count = 0


class Run(Frozen, frozen=True):
    """One scan: the results, the environment and the settings. dagprof stores a Run in a run file,
    and all reports read this file.

    ``paths`` are the files and folders that the user named, relative to ``root``. ``.`` stands for
    all files.
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
    preloading: Preloading | None = None
    lookup_prices: LookupPrices | None = None
    layers: Layers | None = None
    project: Project = Project()
    production: Production | None = None
    paths: tuple[str, ...] = (".",)

    @property
    def broken(self) -> list[FileResult]:
        """The files that produce no DAGs, even with other values for Variables and Connections."""
        return [file for file in self.files if file.status.is_broken]

    @property
    def needy(self) -> list[FileResult]:
        """The files that fail because a value is missing."""
        return [file for file in self.files if file.unanswered]

    @property
    def total_parse_ms(self) -> float:
        """The sum of the median parse times of all files in ms. The DAG processor does this work in
        each loop.
        """
        return sum(file.parse_ms for file in self.files)

    @property
    def total_own_ms(self) -> float:
        """The total parse time without the time that parses waited for a CPU."""
        return sum(file.own_ms for file in self.files)

    @property
    def total_queued_ms(self) -> float:
        """The part of the total parse time in which parses waited for a CPU."""
        return self.total_parse_ms - self.total_own_ms

    @property
    def was_busy(self) -> bool:
        """Whether the machine was busy. Parses then waited for a CPU during much of the parse
        time.
        """
        return self.total_queued_ms > BUSY_SHARE * self.total_parse_ms


class Measured(Frozen, frozen=True):
    """One measured file in the journal. Positions in ``result`` refer to ``modules`` of the same
    object.

    The distributions of ``modules`` are still unknown. ``import_sets`` has the same meaning as
    ``Run.import_sets``, for this file alone.
    """

    result: FileResult
    modules: tuple[Module, ...] = ()
    import_sets: tuple[tuple[Edge, ...], ...] = ()
