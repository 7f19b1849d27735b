"""What a child reports of its parse: the result of its mode, and how the process ended."""

from __future__ import annotations

from typing import TypedDict

from .rows import (
    AccessRow,
    EdgeRow,
    Json,
    LineRow,
    MemoryRow,
    ModuleRow,
    StatementRow,
    StopRow,
    UntracedRow,
)


class FailureRow(TypedDict):
    """An exception, or an import error of which Airflow kept only the text.

    ``ending`` is ``time-out``, ``memory`` or ``exit`` for exceptions that mean this, else empty.
    """

    type: str
    message: str
    traceback: str
    cause: str
    file: str
    line: int
    ending: str


class LoggedRow(TypedDict):
    """The last exception that code of the parse logged: the logger, the exception, the user's line,
    and how many exceptions were logged.
    """

    logger: str
    type: str
    message: str
    file: str
    line: int
    count: int


class EffectRow(TypedDict):
    """One effect of the file besides building DAGs. ``is_running``: a process outlives the
    parse.
    """

    kind: str
    what: str
    file: str
    line: int
    is_running: bool
    count: int
    wall_us: int | None
    size_bytes: int
    failed: int
    threads: int


class ScheduleRow(TypedDict):
    """The schedule of one DAG, as its own timetable gives it: ``runs`` in ``days`` days after
    ``since``, None if the timetable gives no times. ``kind`` is a constant of
    ``versions.timetables``. ``skipped_tasks``: the scheduler starts no process for them.
    ``task_id`` is one of the tasks. ``last_run`` is empty unless the schedule ends. ``backlog``:
    the runs that the scheduler would create today with ``catchup``, None if they were not counted;
    ``has_more_backlog``: there was no time to count all. ``fault``: why the runs are unknown.
    """

    dag_id: str
    task_id: str
    tasks: int
    skipped_tasks: int
    mapped_tasks: int
    kind: str
    text: str
    timetable: str
    catchup: bool
    max_active_runs: int
    since: str
    runs: int | None
    days: float
    next_run: str
    last_run: str
    start_date: str
    backlog: int | None
    has_more_backlog: bool
    fault: str


class Sample(TypedDict):
    """The figures of one plain parse."""

    wall_ms: float
    cpu_ms: float
    children_cpu_ms: float
    queued_ms: float
    airflow_ms: float
    load_ms: float
    bag_ms: float
    serialise_ms: float
    exit_ms: float
    dagbag_ms: float
    rss_growth_kib: int


class Loads(TypedDict):
    """Columns, one position per load: see ``model.Loads``."""

    module: list[int]
    parent: list[int]
    self_us: list[int]
    cumulative_us: list[int]
    importer: list[int]
    line: list[int]
    caller_line: list[int]
    imports: list[int]


class Imports(TypedDict):
    """The records of the import tracer."""

    loads: Loads
    import_sets: list[list[EdgeRow]]
    edges: list[EdgeRow]
    memory: list[MemoryRow]
    modules: list[ModuleRow]


class HelperStatements(TypedDict):
    """The statements of a module that the DAG file imports. ``module`` is its position."""

    module: int
    statements: list[StatementRow]


class Traced(Imports):
    """The result of the tracing pass."""

    statements: list[StatementRow]
    helpers: list[HelperStatements]
    gc_ms: float
    compile_ms: float
    recompiled_ms: float
    load_ms: float
    uninstrumented: list[UntracedRow]


class Stack(TypedDict):
    """A node of the sampled call tree."""

    function: str
    file: str
    line: int
    wall_ms: float
    children: list[Stack]


class Facts(TypedDict, total=False):
    """The results of a mode. If an exception ended the parse, only ``escaped``."""

    escaped: str
    dag_ids: list[str]
    task_count: int
    is_unsent: bool
    warnings: list[str]
    closed_descriptors: bool
    # The timing mode. The fields from ``state`` on exist only if requested.
    sample: Sample
    compiled: int
    digests: dict[str, str]
    state: dict[str, dict[str, str]]
    missing: list[LineRow]
    stars: list[LineRow]
    missed: list[LineRow]
    contents: dict[str, Json]
    fixed: list[str]
    unkept: list[LineRow]
    shared: list[LineRow]
    # The third frame, only if requested.
    schedules: list[ScheduleRow]
    # The tracing mode, and plain parses with ``reach``. ``added_ms``: what the modules of a layer
    # would add to the times.
    added_ms: float
    added_cpu_ms: float
    added_kib: int
    wall_ms: float
    cpu_ms: float
    queued_ms: float
    trace: Traced
    effects: list[EffectRow]
    lost: list[LineRow]
    # The sampling mode; None if there are no samples.
    stack: Stack | None


class Result(Facts, total=False):
    """From a child, the first frame: the results of its mode, and the fields of every mode.

    ``left_out`` says by field how many rows there were beyond the limits in ``bounds``.
    """

    failures: list[FailureRow]
    stops: list[StopRow]
    logged: list[LoggedRow]
    accesses: list[AccessRow]
    asked_by_libraries: list[AccessRow]
    modules_before: list[str]
    left_out: dict[str, int]
    environment: dict[str, str]
    compiled_sources: list[str]


class ExitTimes(TypedDict, total=False):
    exit_ms: float
    exit_cpu_ms: float
    exit_queued_ms: float


class Ending(TypedDict, total=False):
    """From a child, the second frame: how the process ended. The other fields replace parts of the
    result.
    """

    ending: ExitTimes
    accesses: list[AccessRow]
    effects: list[EffectRow]
    closed_descriptors: bool
    left_out: dict[str, int]
