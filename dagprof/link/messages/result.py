"""The report of the process that parsed."""

from __future__ import annotations

from typing import Annotated

import msgspec

from dagprof.link.messages.base import ROWS, Line, Long, Message, Row, Short
from dagprof.model import (
    Edge,
    Effect,
    Loads,
    Origin,
    ScheduleKind,
    Stack,
    StatementMemory,
    consistency,
)
from dagprof.model.base import Count, LineNumber, Ms, Occurrences, Outer, Position, SignedMs, Whole
from dagprof.model.deployment.schedules import Days


class FailureRow(Message, frozen=True):
    """An exception or an import error, as ``model.Failure``. Here all fields are required."""

    type: Short
    message: Long
    traceback: Long
    cause: Long
    file: Short
    line: LineNumber
    ending: Short


class LoggedRow(Message, frozen=True):
    """The last exception that code of the parse logged, and how many there were."""

    logger: Short
    type: Short
    message: Long
    file: Short
    line: LineNumber
    count: Occurrences


class AccessRow(Row, frozen=True):
    """The look-ups of one key at one line."""

    kind: Short
    key: Short
    operation: Short
    answered_by: Short
    file: Short
    line: LineNumber
    count: Occurrences


class EffectRow(Effect, frozen=True, kw_only=True):
    """An effect; ``is_running`` marks a process that outlives the parse."""

    kind: Short
    what: Short
    file: Short
    is_running: bool = False


class LostRow(Row, frozen=True):
    """A DAG that was created and that Airflow did not find."""

    dag_id: Short
    file: Short
    line: LineNumber


class ModuleRow(Row, frozen=True):
    """A module that the parse loaded or asked for."""

    name: Short
    file: Short
    origin: Origin


class StatementRow(Row, frozen=True):
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


class HelperStatements(Message, frozen=True):
    """The statements of one module, as ``model.HelperStatements``."""

    module: Position
    statements: Annotated[tuple[StatementRow, ...], ROWS]


class UntracedRow(Row, frozen=True):
    """Why statements could not be timed: the exception, and whether it is a ``SyntaxError``."""

    type: Short
    message: Long
    is_syntax: bool


class Traced(Message, frozen=True):
    """The result of the tracing pass. Positions point into ``modules`` and ``import_sets``."""

    gc_ms: Ms
    compile_ms: Ms
    loads: Loads
    edges: Annotated[tuple[Edge, ...], ROWS]
    import_sets: Annotated[tuple[tuple[Edge, ...], ...], ROWS]
    modules: Annotated[tuple[ModuleRow, ...], ROWS]
    statements: Annotated[tuple[StatementRow, ...], ROWS]
    memory: Annotated[tuple[StatementMemory, ...], ROWS]
    uninstrumented: tuple[UntracedRow, ...]
    load_ms: Ms = 0.0
    recompiled_ms: Ms = 0.0
    helpers: tuple[HelperStatements, ...] = ()

    def __post_init__(self) -> None:
        consistency.check_import_sets(self.import_sets, len(self.modules))
        consistency.check_trace(self, len(self.modules), len(self.import_sets))
        are_users = [module.origin is Origin.USER for module in self.modules]
        consistency.check_amount(self, are_users, self.import_sets)


class Times(Message, frozen=True):
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


class ScheduleRow(Message, frozen=True):
    """The schedule of one DAG, as ``model.DagSchedule``. ``fault``: why the runs are unknown."""

    dag_id: Short
    task_id: Short
    tasks: Count
    skipped_tasks: Count
    mapped_tasks: Count
    kind: ScheduleKind
    text: Short
    timetable: Short
    catchup: bool
    max_active_runs: Count
    since: Short
    runs: Count | None
    days: Days
    next_run: Short
    last_run: Short
    start_date: Short
    backlog: Count | None
    has_more_backlog: bool
    fault: Short


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


class Result(Message, frozen=True):
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
    logged: tuple[LoggedRow, ...] = ()
    closed_descriptors: bool = False
    modules_before: tuple[str, ...] = ()
    # By field, how many more rows there were than the probe keeps.
    left_out: dict[str, int] = {}
    # The environment variables that the user's code has set.
    environment: dict[str, str] = {}
    # Only if requested; None if the process ended before.
    schedules: Annotated[tuple[ScheduleRow, ...], ROWS] | None = None

    # The timing mode.
    sample: Sample | None = None
    compiled: Count = 0
    digests: dict[str, str] | None = None
    contents: dict[str, object] = {}
    state: dict[str, dict[str, str]] = {}
    missing: tuple[Line, ...] = ()
    stars: tuple[Line, ...] = ()
    missed: tuple[tuple[Short, Short, LineNumber], ...] = ()
    # The requested conditions that this system does not let the probe change.
    fixed: tuple[Short, ...] = ()
    # The statements whose values no pickle can hold: type, file and line.
    unkept: tuple[tuple[Short, Short, LineNumber], ...] = ()
    # The statements to whose values other objects refer, too.
    shared: tuple[tuple[Short, Short, LineNumber], ...] = ()

    # The tracing mode, and plain parses with ``reach``. What the layer of the worker would have
    # added to the times.
    added_ms: Ms = 0.0
    added_cpu_ms: Ms = 0.0
    added_kib: Count = 0
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

    @property
    def composed_times(self) -> Times:
        """The times of the tracing pass, with those of the worker's layer."""
        return Times(
            wall_ms=self.wall_ms + self.added_ms,
            cpu_ms=self.cpu_ms + self.added_cpu_ms,
            queued_ms=self.queued_ms,
        )
