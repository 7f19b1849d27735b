"""The fields of every message. The docstring of ``__main__`` lists the messages.

This file is for type checkers only. No parse loads it. The other end reads the same fields in
``dagprof/link/messages.py``.
"""

from __future__ import annotations

from typing import Any, Dict, List, Tuple, TypedDict, Union

# Every value that JSON can hold.
Json = Union[None, bool, int, float, str, List["Json"], Dict[str, "Json"]]
# The form from which ``asked.stubs.build`` makes a value.
Form = Dict[str, Any]
AccessRow = List[Union[str, int]]  # kind, key, operation, who answered, file, line, count
TextRow = List[str]  # path, reason, detail; or a module and its error
LineRow = List[Union[str, int]]  # file and line, or name, file and line
StopRow = Tuple[str, str, List[LineRow]]  # exception, message, the user's lines, outermost first
ModuleRow = List[str]  # name, file, origin
EdgeRow = List[int]  # line, target, in function, importer, caller line, conditional, executed
MemoryRow = List[int]  # importer, line, KiB
# Parent, line, last line, kind, text, wall us, CPU us, count, cut, building us, GC us, member.
StatementRow = List[Union[str, int]]
UntracedRow = List[Union[str, bool]]  # exception, message, whether it is a SyntaxError


class Config(TypedDict):
    """To the zygote: the configuration at the start. ``renews_scratch``: DAG files were parsed with
    this scratch folder before.
    """

    scratch: str
    cache: str | None
    removes_scratch: bool
    renews_scratch: bool
    root: str
    temperature: str
    spawns: bool
    variables: dict[str, Json]
    connections: dict[str, Json]
    missing: str
    safe_mode: bool | None


class ChildConfig(Config, total=False):
    """The same for a new interpreter, with the modules that it imports before the parse."""

    pre_imported: list[str]


class ZygoteRequest(TypedDict):
    """To the zygote: the field of every request."""

    op: str


class DiscoverRequest(ZygoteRequest):
    paths: list[str]
    safe_mode: bool | None


class DescribeRequest(ZygoteRequest):
    files: list[str]


class PreImportRequest(DescribeRequest, total=False):
    with_folder: bool
    collects: bool


class AirflowFacts(TypedDict):
    """``config`` decides how this Airflow parses; ``import_s`` is how long its import took."""

    version: str
    config: dict[str, str]
    import_s: float
    is_untried: bool


class PluginRow(TypedDict):
    """The cost of loading a plugin in the process that forks."""

    name: str
    source: str
    wall_ms: float
    rss_kib: int
    modules: int
    error: str


class Ready(TypedDict):
    """From the zygote: Airflow is imported. ``trouble`` says how the state differs from that of
    Airflow's manager.
    """

    op: str
    airflow: AirflowFacts
    python: str
    executable: str
    plugins: list[PluginRow]
    trouble: str
    environment: dict[str, str]


class NoFork(TypedDict):
    """From a worker before it ends: ``fault`` is ``faults.NO_FORK``."""

    fault: str
    reason: str


class CannotBegin(NoFork):
    """From the zygote before it ends: ``op`` is ``failed``, ``fault`` one of ``faults``."""

    op: str


class Twice(TypedDict):
    """Two paths to one folder. ``is_loop``: a link leads to a folder that contains the link."""

    first: str
    second: str
    link: str
    is_loop: bool


class Failed(TypedDict, total=False):
    """From the zygote: the request failed. ``twice``: because two paths lead to one folder."""

    failed: str
    twice: Twice


class Listing(TypedDict):
    """From the zygote: the answer to ``discover``."""

    files: list[str]
    skipped: list[TextRow]
    passed_over: list[TextRow]


class PreImported(TypedDict, total=False):
    """From the zygote: the answer to ``pre_import``."""

    modules: list[str]
    failed: list[TextRow]
    has_collected: bool


class Described(TypedDict):
    """From the zygote: the answer to ``describe``. It has one distribution per file, empty for
    none.
    """

    owners: list[str]
    distributions: dict[str, str]


class Forked(TypedDict):
    pid: int


class OtherAnswers(TypedDict, total=False):
    """Other answers to compare with, see ``asked.stubs.Guess``. ``keys`` are pairs of kind and
    name.
    """

    keys: list[list[str]]
    text: str
    json: Form
    extra: Form | None
    environment: dict[str, str]
    connection: dict[str, Json]


class PlainRequest(TypedDict):
    """To a worker: the fields of every request. ``mode`` is ``timing``, ``trace`` or ``stacks``."""

    op: str
    mode: str
    file: str
    time_limit_s: float


class ParseRequest(PlainRequest, total=False):
    """To a worker: the optional fields.

    ``first``: compile the file before the parse. ``without``: lines of imports to take out, by
    file. ``contents``: DAGs whose serialised form is wanted. ``state``: report what the parse
    leaves changed. ``guess``: other answers. ``pyinstrument``: its folder, for an interpreter
    without it. ``hold_s``: how long to wait for processes that hold the output. ``list_modules``:
    report the modules loaded before the parse. ``database``: the path of a migrated database for
    Airflow 2, and its SHA-256.
    """

    memory_limit_kib: int | None
    spawn: bool
    first: bool
    without: dict[str, list[int]]
    contents: list[str]
    state: bool
    database: list[str]
    guess: OtherAnswers
    pyinstrument: str | None
    hold_s: float
    list_modules: bool


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


class Traced(Imports):
    """The result of the tracing pass."""

    statements: list[StatementRow]
    gc_ms: float
    compile_ms: float
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
    # The tracing mode.
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


class Reply(TypedDict):
    """From a worker: how the parse ended.

    ``outcome`` is ``result``, ``time-limit``, ``memory-limit``, ``held``, ``abandoned``,
    ``too-large`` (the child sent more than a report has), ``broken`` (it sent something else) or
    ``ended`` (it sent nothing). ``result`` has the fields of ``Result`` unless DAG code wrote it;
    None if there is no result. It is the last field, so that the reader can read the worker's own
    fields whatever it holds.
    Outputs are text and the number of bytes written. ``asked_for_database``: the parse asked for
    Airflow 2's metadata database, and there was none.
    """

    outcome: str
    signal: int | None
    exit_code: int | None
    stdout: list[str | int]
    stderr: list[str | int]
    total_ms: float
    max_rss_kib: int
    blocks_read: int
    leftover_processes: int
    asked_for_database: bool
    result: Result | None
