"""The vocabulary: a Run and everything inside it.

All values are frozen and carry their unit in their name: ``_ms`` milliseconds, ``_us`` microseconds, ``_s`` seconds,
``_kib`` KiB. Lists that belong together are stored as columns of equal length, so that a Run of a thousand files stays
small. ``SCHEMA_VERSION`` grows when a reader of the older form could misread the newer one:

1. first form
"""

from __future__ import annotations

import enum
import statistics

import msgspec

from dagprof.robust import median_absolute_deviation

SCHEMA_VERSION = 1


class Status(str, enum.Enum):
    """How the parse of one file ended."""

    OK = "ok"
    NO_DAGS = "no-dags"
    IMPORT_ERROR = "import-error"
    TIMED_OUT = "timed-out"
    OUT_OF_MEMORY = "out-of-memory"
    KILLED = "killed"
    EXITED = "exited"
    UNREADABLE = "unreadable"
    SKIPPED = "skipped"

    @property
    def is_failure(self) -> bool:
        """Whether Airflow would show no DAG of this file although it tried to parse it."""
        return self not in (Status.OK, Status.NO_DAGS, Status.SKIPPED)


class Temperature(str, enum.Enum):
    """What the process that parses has already imported; see docs/how-it-works.md."""

    PROCESSOR = "processor"
    WARM = "warm"
    COLD = "cold"


class Isolation(str, enum.Enum):
    """How a parse gets a process of its own."""

    FORK = "fork"
    SPAWN = "spawn"


class Origin(str, enum.Enum):
    """Where the code of a module lives."""

    USER = "user"
    DISTRIBUTION = "distribution"
    STDLIB = "stdlib"


class Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=False):
    """Base of all values: immutable, built by keyword; unknown fields of a newer writer are ignored."""


class Doubt(Frozen, frozen=True):
    """A reason to trust a number less. ``code`` is stable, ``text`` is one sentence for people."""

    code: str
    text: str


class Failure(Frozen, frozen=True):
    """Why a file gave no DAGs. ``traceback`` holds the user's frames only; ``cause`` is the first exception of a chain."""

    type: str
    message: str
    traceback: str = ""
    cause: str = ""
    file: str = ""
    line: int = 0


class Output(Frozen, frozen=True):
    """What the parse wrote to one stream, redacted and cut to a limit; ``total_bytes`` counts all of it."""

    text: str = ""
    total_bytes: int = 0

    @property
    def is_cut(self) -> bool:
        """Whether more was written than is kept here."""
        return self.total_bytes > len(self.text.encode("utf-8", "replace"))


class Access(Frozen, frozen=True):
    """A Variable or Connection that was used while the file was parsed, at the user's line that led there.

    ``kind`` is ``variable`` or ``connection``; ``answered_by`` is ``environment``, ``file``, ``default``, ``stub``,
    ``missing`` or ``ignored`` (a write).
    """

    kind: str
    key: str
    operation: str
    answered_by: str
    file: str
    line: int
    count: int = 1


class Effect(Frozen, frozen=True):
    """Something that the file did while it was parsed, besides building DAGs, at the user's line that led there.

    ``kind`` is one of ``EFFECT_KINDS``; ``what`` tells host and port, program, path or name, redacted. ``wall_us`` is the
    time of all ``count`` times together, None where only the fact is known; ``size_bytes`` counts what files hold.
    """

    kind: str
    what: str
    file: str
    line: int
    count: int = 1
    wall_us: int | None = None
    size_bytes: int = 0


EFFECT_KINDS = (
    "database",
    "metadata-database",
    "dns",
    "socket",
    "http",
    "process",
    "sleep",
    "file-read",
    "file-write",
    "thread",
    "environment",
    "working-directory",
    "sys-path",
    "signal",
    "logger",
    "output",
    "warning",
)


class Instability(Frozen, frozen=True):
    """A field of a serialised DAG that differed between two parses of the same file: the place, and both values.

    ``by_seed`` says that it takes another hash seed to differ, as the order of a set does: it changes with each start of
    Python, not with each parse.
    """

    dag_id: str
    field: str
    first: str
    second: str
    by_seed: bool = False


class Place(Frozen, frozen=True, array_like=True, order=True):
    """A line of the user's code; ``file`` is relative to ``Run.root`` where it lies below it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Need(str, enum.Enum):
    """What an experiment showed of the import statements that were taken out."""

    NOT_NEEDED = "not-needed"
    RAISES = "raises"
    CHANGES_DAGS = "changes-dags"
    UNKNOWN = "unknown"


class Experiment(Frozen, frozen=True):
    """The file parsed again without some import statements, which were taken out in memory only.

    ``need`` says whether the parse needed them and ``reason`` what did. ``saving_ms`` and ``memory_kib`` hold, round by
    round, what a plain parse took or grew more than the one without them taken right after it, scaled to the file's parse
    time without waiting for a processor: the machine's speed may have changed since. ``cautions`` names what
    the imports do that the serialised DAGs do not show.
    """

    without: tuple[Place, ...]
    need: Need
    reason: str = ""
    saving_ms: tuple[float, ...] = ()
    memory_kib: tuple[int, ...] = ()
    cautions: tuple[str, ...] = ()

    @property
    def is_proof(self) -> bool:
        """Whether it proves a saving: the DAGs stayed the same and the difference was timed."""
        return self.need is Need.NOT_NEEDED and bool(self.saving_ms)

    @property
    def proved_ms(self) -> float:
        """Median saving in ms; 0.0 when nothing was timed."""
        return float(statistics.median(self.saving_ms)) if self.saving_ms else 0.0

    @property
    def spread_ms(self) -> float:
        """Median absolute deviation of the savings, in ms."""
        return median_absolute_deviation(self.saving_ms)


class Samples(Frozen, frozen=True):
    """Uninstrumented parses of one file, one column per figure, in the order they were taken.

    ``wall_ms`` is the parse time: from the start of DagBag to the end of serialisation (for the cold temperature the import
    of Airflow before it, ``airflow_ms``, is part of it). ``load_ms``, ``bag_ms`` and ``serialise_ms`` are its stages.
    ``queued_ms`` is how long the parse waited for a processor that others used, part of ``wall_ms``: the machine's doing.
    ``overhead_ms`` is what the measurement itself took around the parse: fork, pipes, reaping.
    """

    wall_ms: tuple[float, ...] = ()
    cpu_ms: tuple[float, ...] = ()
    children_cpu_ms: tuple[float, ...] = ()
    queued_ms: tuple[float, ...] = ()
    airflow_ms: tuple[float, ...] = ()
    load_ms: tuple[float, ...] = ()
    bag_ms: tuple[float, ...] = ()
    serialise_ms: tuple[float, ...] = ()
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
        """Wall times less what each parse waited for a processor that others used."""
        return tuple(wall - queued for wall, queued in zip(self.wall_ms, self.queued_ms, strict=True))

    @property
    def spread_ms(self) -> float:
        """Median absolute deviation of the wall times, in milliseconds: the width of the noise around the median."""
        return median_absolute_deviation(self.wall_ms)


class Loads(Frozen, frozen=True):
    """Modules in the order their loading began, one column per figure.

    ``module`` and ``importer`` are positions in ``Run.modules``; ``importer`` is -1 for the DAG file itself and -2 where no
    importing statement was seen. ``parent`` is a position in these columns, -1 for an outermost load. Times are those of
    the tracing pass, without garbage collection and compilation; ``cumulative_us`` includes what was loaded in turn.
    ``caller_line`` is the line that was running of the module being loaded, or of the DAG file, 0 if unknown. ``imports``
    is a position in ``Run.import_sets``: the import statements that ran while this module, and nothing inside it, was being
    loaded.
    """

    module: tuple[int, ...] = ()
    parent: tuple[int, ...] = ()
    self_us: tuple[int, ...] = ()
    cumulative_us: tuple[int, ...] = ()
    importer: tuple[int, ...] = ()
    line: tuple[int, ...] = ()
    caller_line: tuple[int, ...] = ()
    imports: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.module)


class Edge(Frozen, frozen=True, array_like=True):
    """An import statement that ran and the module it asked for (position in ``Run.modules``).

    ``importer`` is the module in which the statement stands where that is not the one being loaded: a function of another
    module was called; -1 stands for the module being loaded, or the DAG file. ``caller_line`` is the line of that module, or
    of the DAG file, that was running, for statements in functions; 0 if unknown. ``is_conditional`` says of the user's
    statements that they stand inside ``if``, ``try`` or the like.
    """

    line: int
    target: int
    in_function: bool = False
    importer: int = -1
    caller_line: int = 0
    is_conditional: bool = False


class StatementMemory(Frozen, frozen=True, array_like=True):
    """What one import statement of the user's code added to the process: KiB of anonymous pages.

    ``importer`` is a position in ``Run.modules``, -1 for the DAG file.
    """

    importer: int
    line: int
    grown_kib: int


class Statement(Frozen, frozen=True):
    """One top-level statement of a DAG file and its clock in the tracing pass.

    ``parent`` is a position in the same tuple, -1 at the top. Wall and CPU time include nested statements; garbage
    collection is taken out. ``count`` is how often it ran; ``is_cut`` says that a loop was looked into for its first
    iterations only (the loop's own time is whole). ``building_us`` is how much of the wall time went into making DAGs, task
    groups and tasks in this statement itself.
    """

    parent: int
    line: int
    end_line: int
    kind: str
    text: str
    wall_us: int
    cpu_us: int
    count: int
    is_cut: bool = False
    building_us: int = 0


class Trace(Frozen, frozen=True):
    """The tracing pass of one file: imports, the import statements that ran outside any load, and the statements' clocks."""

    wall_ms: float
    gc_ms: float
    compile_ms: float
    loads: Loads = Loads()
    edges: tuple[Edge, ...] = ()
    statements: tuple[Statement, ...] = ()
    memory: tuple[StatementMemory, ...] = ()


class Stack(Frozen, frozen=True):
    """A node of the sampled call tree; times are sampled wall milliseconds, children below one per cent are left out.

    Below the DAG file's own code stands a node for each top-level statement: ``function`` is ``STATEMENT`` and ``line`` the
    statement's first line.
    """

    function: str
    file: str
    line: int
    wall_ms: float
    children: tuple[Stack, ...] = ()


STATEMENT = "<statement>"


class FileResult(Frozen, frozen=True):
    """Everything known about one DAG file. ``path`` is relative to ``Run.root``, with forward slashes."""

    path: str
    status: Status
    sha256: str = ""
    size_bytes: int = 0
    dag_ids: tuple[str, ...] = ()
    task_count: int = 0
    samples: Samples = Samples()
    trace: Trace | None = None
    stack: Stack | None = None
    accesses: tuple[Access, ...] = ()
    effects: tuple[Effect, ...] = ()
    instabilities: tuple[Instability, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()
    stdout: Output = Output()
    stderr: Output = Output()
    exit_code: int | None = None
    signal: int | None = None
    detail: str = ""
    doubts: tuple[Doubt, ...] = ()

    @property
    def parse_ms(self) -> float:
        """Median parse time in wall milliseconds; 0.0 when no parse was timed."""
        return self.samples.median("wall_ms")

    @property
    def is_timed(self) -> bool:
        """Whether there is a parse time at all (files that fail to import have one, files that were killed have not)."""
        return len(self.samples) > 0


class Module(Frozen, frozen=True):
    """A module that some file loaded, or asked for."""

    name: str
    file: str = ""
    origin: Origin = Origin.USER
    distribution: str = ""


class SkippedFile(Frozen, frozen=True):
    """A file that Airflow would not parse, and the reason: ``ignored`` (by ``.airflowignore``) or ``safe-mode``."""

    path: str
    reason: str


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


class Measured(Frozen, frozen=True):
    """One measured file on its own, as the journal keeps it: positions in ``result`` point into ``modules`` here.

    Distributions of ``modules`` are not known yet; ``import_sets`` is this file's own ``Run.import_sets``.
    """

    result: FileResult
    modules: tuple[Module, ...] = ()
    import_sets: tuple[tuple[Edge, ...], ...] = ()
