"""The messages of the probe as values. msgspec checks each field while it reads a message.

``dagprof/probe/protocol.py`` has the same fields as the probe writes them. The DAG file controls
the parsing process, which may report anything. dagprof ignores a result that does not have this
form.
"""

from __future__ import annotations

from typing import TypedDict

import msgspec

from dagprof.model import Edge, Effect, Loads, Origin, Plugin, Stack, StatementMemory

# A file and a line of it.
Line = tuple[str, int]


class ProbeConfig(TypedDict):
    """The configuration at the start of a zygote."""

    scratch: str
    cache: str | None
    removes_scratch: bool
    root: str
    temperature: str
    spawns: bool
    variables: dict[str, object]
    connections: dict[str, object]
    secrets: list[str]
    missing: str
    safe_mode: bool | None


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    pass


class _Row(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    pass


class AirflowFacts(_Message, frozen=True):
    """The measured Airflow. ``config`` holds the settings that decide how it parses, as text."""

    version: str = ""
    config: dict[str, str] = {}
    is_untried: bool = False


class Ready(_Message, frozen=True):
    """Airflow is imported. ``trouble`` says in a sentence how the state differs from the real
    manager's.
    """

    airflow: AirflowFacts
    python: str
    executable: str
    trouble: str
    plugins: object = ()


class CannotBegin(_Message, frozen=True):
    """The zygote cannot start; ``fault`` is one of ``dagprof/probe/faults.py``."""

    fault: str
    reason: str


class Twice(_Message, frozen=True):
    """Two paths from the root that lead to one folder."""

    first: str
    second: str
    link: str
    is_loop: bool


class Failed(_Message, frozen=True):
    """The zygote could not do the request."""

    failed: str
    twice: Twice | None = None


# A path, the value of a ``SkipReason``, its detail.
SkippedRow = tuple[str, str, str]


class Listing(_Message, frozen=True):
    """DAG files, files that Airflow skips, and files that dagprof measures although Airflow skips
    them.
    """

    files: list[str]
    skipped: list[SkippedRow]
    passed_over: list[SkippedRow]


class PreImported(_Message, frozen=True):
    """Modules imported before the first fork, and those that failed, each with its error."""

    modules: list[str]
    failed: list[tuple[str, str]]
    has_collected: bool = True


class Described(_Message, frozen=True):
    """The distribution of each file, empty for none, and the versions of all distributions."""

    owners: list[str]
    distributions: dict[str, str]


class Forked(_Message, frozen=True):
    """A worker's process."""

    pid: int


class FailureRow(_Message, frozen=True):
    """An exception or an import error, as ``model.Failure``. Here all fields are required."""

    type: str
    message: str
    traceback: str
    cause: str
    file: str
    line: int
    ending: str


class AccessRow(_Row, frozen=True):
    """The look-ups of one key at one line."""

    kind: str
    key: str
    operation: str
    answered_by: str
    file: str
    line: int
    count: int


class EffectRow(Effect, frozen=True, kw_only=True):
    """An effect; ``is_running`` marks a process that outlives the parse."""

    is_running: bool = False


class LostRow(_Row, frozen=True):
    """A DAG that was created and that Airflow did not find."""

    dag_id: str
    file: str
    line: int


class ModuleRow(_Row, frozen=True):
    """A module that the parse loaded or asked for."""

    name: str
    file: str
    origin: Origin


class StatementRow(_Row, frozen=True):
    """A statement as in ``model.Statement``, with its time including inner statements."""

    parent: int
    line: int
    end_line: int
    kind: str
    text: str
    wall_us: int
    cpu_us: int
    count: int
    is_cut: bool
    building_us: int
    gc_us: int
    member: str


class UntracedRow(_Row, frozen=True):
    """Why statements could not be timed: the exception, and whether it is a ``SyntaxError``."""

    type: str
    message: str
    is_syntax: bool


class Traced(_Message, frozen=True):
    """The result of the tracing pass. Positions point into ``modules`` and ``import_sets``."""

    gc_ms: float
    compile_ms: float
    loads: Loads
    edges: tuple[Edge, ...]
    import_sets: tuple[tuple[Edge, ...], ...]
    modules: tuple[ModuleRow, ...]
    statements: tuple[StatementRow, ...]
    memory: tuple[StatementMemory, ...]
    uninstrumented: tuple[UntracedRow, ...]

    def __post_init__(self) -> None:
        if len({len(column) for column in msgspec.structs.astuple(self.loads)}) > 1:
            raise ValueError("the columns of loads differ in length")


class Times(_Message, frozen=True):
    """Milliseconds of one parse. ``queued_ms`` is the part of ``wall_ms`` that the parse waited for
    a processor.
    """

    wall_ms: float
    cpu_ms: float
    queued_ms: float

    @property
    def own_ms(self) -> float:
        """Parse time without the wait for a processor. The machine causes that wait, not the
        file.
        """
        return self.wall_ms - self.queued_ms


class Sample(Times, frozen=True):
    """The figures of one plain parse; the fields are columns of ``model.Samples``."""

    children_cpu_ms: float
    airflow_ms: float
    load_ms: float
    bag_ms: float
    serialise_ms: float
    exit_ms: float
    dagbag_ms: float
    rss_growth_kib: int


class Result(_Message, frozen=True):
    """The report of the process that parsed. Fields of other modes are absent."""

    failures: tuple[FailureRow, ...]
    dag_ids: tuple[str, ...] = ()
    task_count: int = 0
    is_unsent: bool = False
    warnings: tuple[str, ...] = ()
    accesses: tuple[AccessRow, ...] = ()
    asked_by_libraries: tuple[AccessRow, ...] = ()
    # Exception, message, and the user's lines from the outermost inwards.
    stops: tuple[tuple[str, str, tuple[Line, ...]], ...] = ()
    closed_descriptors: bool = False
    modules_before: tuple[str, ...] = ()
    # By field, how many more rows there were than the probe keeps.
    left_out: dict[str, int] = {}

    # The timing mode.
    sample: Sample | None = None
    compiled: int = 0
    digests: dict[str, str] | None = None
    contents: dict[str, object] = {}
    state: dict[str, dict[str, str]] = {}
    missing: tuple[Line, ...] = ()
    stars: tuple[Line, ...] = ()
    missed: tuple[tuple[str, str, int], ...] = ()

    # The tracing mode.
    wall_ms: float = 0.0
    cpu_ms: float = 0.0
    queued_ms: float = 0.0
    trace: Traced | None = None
    effects: tuple[EffectRow, ...] = ()
    lost: tuple[LostRow, ...] = ()

    # The sampling mode; None if there are no samples.
    stack: Stack | msgspec.UnsetType | None = msgspec.UNSET

    @property
    def times(self) -> Times:
        """The times of the tracing pass."""
        return Times(wall_ms=self.wall_ms, cpu_ms=self.cpu_ms, queued_ms=self.queued_ms)


class Reply(_Message, frozen=True, kw_only=True):
    """How one parse ended, as reported by the worker.

    ``outcome`` is ``result``, ``time-limit``, ``memory-limit``, ``held`` or ``abandoned``. Without
    a result it is ``too-large`` or ``broken`` if the process sent bytes, else ``ended``. Outputs
    are text and the number of bytes written. ``claimed_ms`` is a parse time that cannot be true; in
    that case there is no result.
    """

    outcome: str
    result: Result | None
    signal: int | None = None
    exit_code: int | None = None
    stdout: tuple[str, int] = ("", 0)
    stderr: tuple[str, int] = ("", 0)
    total_ms: float
    blocks_read: int = 0
    leftover_processes: int = 0
    claimed_ms: float | None = None


class NoFork(_Message, frozen=True):
    """A worker cannot fork a parsing process, and ends."""

    fault: str
    reason: str


# Made here, once and in one thread: msgspec crashes if two threads use a type for the first time.
REPLIES = msgspec.json.Decoder(Reply)
for _form in (
    Ready,
    CannotBegin,
    Failed,
    Forked,
    Listing,
    PreImported,
    Described,
    NoFork,
    Plugin,
):
    msgspec.json.Decoder(_form)
