"""The messages of the probe as values. msgspec checks each field while it reads a message.

``dagprof/probe/protocol.py`` has the same fields as the probe writes them. The DAG file controls
the parsing process, which may report anything. dagprof ignores a result that does not have this
form, or that contradicts itself. Plugins run in the forking process, whose messages are checked
too.
"""

from __future__ import annotations

import enum
from typing import Annotated, TypedDict

import msgspec
from msgspec import Meta

from dagprof.model import (
    Edge,
    Effect,
    Loads,
    Origin,
    Plugin,
    SkipReason,
    Stack,
    StatementMemory,
    consistency,
)
from dagprof.model.base import Count, LineNumber, Ms, Outer, SignedMs, Whole

# The most rows of one kind in one parse. No DAG file has so many statements, and no parse loads so
# many modules.
_ROWS = Meta(max_length=100_000)
# Characters of names, paths and rows, and of messages. The probe cuts all of them, at less.
Short = Annotated[str, Meta(max_length=10_000)]
Long = Annotated[str, Meta(max_length=200_000)]
# A file and a line of it.
Line = tuple[Short, LineNumber]


class ProbeConfig(TypedDict):
    """The configuration at the start of a zygote."""

    scratch: str
    cache: str | None
    removes_scratch: bool
    renews_scratch: bool
    root: str
    temperature: str
    spawns: bool
    variables: dict[str, object]
    connections: dict[str, object]
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
    environment: dict[str, str] = {}


class Fault(str, enum.Enum):
    """Why a zygote cannot start, in the words of the protocol (``dagprof/probe/faults.py``)."""

    NO_AIRFLOW = "no-airflow"
    UNSUPPORTED = "unsupported"
    NO_FORK = "no-fork"
    BROKEN = "broken"


class CannotBegin(_Message, frozen=True):
    """The zygote cannot start, and says why."""

    fault: Fault
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


# A path, the reason, its detail.
SkippedRow = tuple[str, SkipReason, str]


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

    type: Short
    message: Long
    traceback: Long
    cause: Long
    file: Short
    line: LineNumber
    ending: Short


class AccessRow(_Row, frozen=True):
    """The look-ups of one key at one line."""

    kind: Short
    key: Short
    operation: Short
    answered_by: Short
    file: Short
    line: LineNumber
    count: Count


class EffectRow(Effect, frozen=True, kw_only=True):
    """An effect; ``is_running`` marks a process that outlives the parse."""

    kind: Short
    what: Short
    file: Short
    is_running: bool = False


class LostRow(_Row, frozen=True):
    """A DAG that was created and that Airflow did not find."""

    dag_id: Short
    file: Short
    line: LineNumber


class ModuleRow(_Row, frozen=True):
    """A module that the parse loaded or asked for."""

    name: Short
    file: Short
    origin: Origin


class StatementRow(_Row, frozen=True):
    """A statement as in ``model.Statement``, with its time including inner statements."""

    parent: Outer
    line: LineNumber
    end_line: LineNumber
    kind: Short
    text: Short
    wall_us: Whole
    cpu_us: Count
    count: Count
    is_cut: bool
    building_us: Whole
    gc_us: Whole
    member: Short


class UntracedRow(_Row, frozen=True):
    """Why statements could not be timed: the exception, and whether it is a ``SyntaxError``."""

    type: Short
    message: Long
    is_syntax: bool


class Traced(_Message, frozen=True):
    """The result of the tracing pass. Positions point into ``modules`` and ``import_sets``."""

    gc_ms: Ms
    compile_ms: Ms
    loads: Loads
    edges: Annotated[tuple[Edge, ...], _ROWS]
    import_sets: Annotated[tuple[tuple[Edge, ...], ...], _ROWS]
    modules: Annotated[tuple[ModuleRow, ...], _ROWS]
    statements: Annotated[tuple[StatementRow, ...], _ROWS]
    memory: Annotated[tuple[StatementMemory, ...], _ROWS]
    uninstrumented: tuple[UntracedRow, ...]

    def __post_init__(self) -> None:
        consistency.check_import_sets(self.import_sets, len(self.modules))
        consistency.check_trace(self, len(self.modules), len(self.import_sets))
        are_users = [module.origin is Origin.USER for module in self.modules]
        consistency.check_amount(self, are_users, self.import_sets)


class Times(_Message, frozen=True):
    """Milliseconds of one parse. ``queued_ms`` is the part of ``wall_ms`` that the parse waited for
    a processor. ``wall_ms`` has no bounds here, because only the worker's clock shows whether it
    can be true.
    """

    wall_ms: float
    cpu_ms: Ms
    queued_ms: Ms

    @property
    def own_ms(self) -> float:
        """Parse time without the wait for a processor. The machine causes that wait, not the
        file.
        """
        return max(0.0, self.wall_ms - self.queued_ms)


class Sample(Times, frozen=True):
    """The figures of one plain parse; the fields are columns of ``model.Samples``."""

    children_cpu_ms: Ms
    airflow_ms: Ms
    load_ms: Ms
    bag_ms: Ms
    serialise_ms: Ms
    exit_ms: Ms
    dagbag_ms: SignedMs
    rss_growth_kib: Count


class Result(_Message, frozen=True):
    """The report of the process that parsed. Fields of other modes are absent."""

    failures: tuple[FailureRow, ...]
    dag_ids: tuple[Short, ...] = ()
    task_count: Count = 0
    is_unsent: bool = False
    warnings: tuple[Long, ...] = ()
    accesses: tuple[AccessRow, ...] = ()
    asked_by_libraries: tuple[AccessRow, ...] = ()
    # Exception, message, and the user's lines from the outermost inwards.
    stops: tuple[tuple[Short, Long, tuple[Line, ...]], ...] = ()
    closed_descriptors: bool = False
    modules_before: tuple[str, ...] = ()
    # By field, how many more rows there were than the probe keeps.
    left_out: dict[str, int] = {}
    # The environment variables that the user's code has set.
    environment: dict[str, str] = {}

    # The timing mode.
    sample: Sample | None = None
    compiled: Count = 0
    digests: dict[str, str] | None = None
    contents: dict[str, object] = {}
    state: dict[str, dict[str, str]] = {}
    missing: tuple[Line, ...] = ()
    stars: tuple[Line, ...] = ()
    missed: tuple[tuple[Short, Short, LineNumber], ...] = ()

    # The tracing mode.
    wall_ms: float = 0.0
    cpu_ms: Ms = 0.0
    queued_ms: Ms = 0.0
    trace: Traced | None = None
    effects: tuple[EffectRow, ...] = ()
    lost: tuple[LostRow, ...] = ()

    # The sampling mode; None if there are no samples.
    stack: Stack | msgspec.UnsetType | None = msgspec.UNSET

    def __post_init__(self) -> None:
        consistency.check_depth(self.contents)
        if isinstance(self.stack, Stack):
            consistency.check_stack(self.stack)

    @property
    def times(self) -> Times:
        """The times of the tracing pass."""
        return Times(wall_ms=self.wall_ms, cpu_ms=self.cpu_ms, queued_ms=self.queued_ms)


class Reply(_Message, frozen=True, kw_only=True):
    """How one parse ended, as reported by the worker.

    ``outcome`` is ``result``, ``time-limit``, ``memory-limit``, ``held`` or ``abandoned``. Without
    a result it is ``too-large`` or ``broken`` if the process sent bytes, else ``ended``. Outputs
    are text and the number of bytes written. ``claimed_ms`` is a parse time that cannot be true;
    ``refused`` is the reason, as a clause, why dagprof cannot use the result. In both cases there
    is no result.
    """

    outcome: str
    result: Result | None
    signal: Whole | None = None
    exit_code: Whole | None = None
    stdout: tuple[str, Count] = ("", 0)
    stderr: tuple[str, Count] = ("", 0)
    total_ms: Ms
    blocks_read: Count = 0
    leftover_processes: Count = 0
    asked_for_database: bool = False
    claimed_ms: float | None = None
    refused: str = ""


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
