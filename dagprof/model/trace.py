"""Results of the tracing pass and of the sampler for one parse: modules, imports, statements, call
stacks.
"""

from __future__ import annotations

import enum
import itertools
import operator

import msgspec

from dagprof.model.base import (
    Count,
    Frozen,
    Importer,
    LineNumber,
    Ms,
    Outer,
    Position,
    SignedMs,
    Whole,
)

# Python's own limit stops imports far before, at about 120 in each other.
DEEPEST_LOADS = 1000


class Origin(str, enum.Enum):
    """Where the code of a module lives."""

    USER = "user"
    DISTRIBUTION = "distribution"
    STDLIB = "stdlib"


class Module(Frozen, frozen=True):
    """A module that some file loaded or asked for."""

    name: str
    file: str = ""
    origin: Origin = Origin.USER
    distribution: str = ""


class Loads(Frozen, frozen=True):
    """Loaded modules in the order in which their loading began, one column per figure.

    ``module`` and ``importer`` are positions in ``Run.modules``. ``importer`` is -1 for the DAG
    file itself and -2 if dagprof saw no importing statement. ``parent`` is a position in these
    columns, -1 for an outermost load. Times are those of the tracing pass, without garbage
    collection, compilation and waiting for a processor. ``cumulative_us`` includes nested loads.
    ``caller_line`` is the line that was running in the surrounding module, or in the DAG file; 0 if
    unknown. ``imports`` is a position in ``Run.import_sets``: the import statements that ran while
    this module, and no nested module, was being loaded.
    """

    module: tuple[Position, ...] = ()
    parent: tuple[Outer, ...] = ()
    self_us: tuple[Count, ...] = ()
    cumulative_us: tuple[Whole, ...] = ()
    importer: tuple[Importer, ...] = ()
    line: tuple[LineNumber, ...] = ()
    caller_line: tuple[LineNumber, ...] = ()
    imports: tuple[Position, ...] = ()

    def __post_init__(self) -> None:
        if len({len(column) for column in msgspec.structs.astuple(self)}) > 1:
            raise ValueError("the columns of loads differ in length")
        if not all(map(operator.lt, self.parent, itertools.count())):
            raise ValueError("a load comes before the load that contains it")
        if len(self) > DEEPEST_LOADS and _height(self.parent) > DEEPEST_LOADS:
            raise ValueError("loads are nested too deeply")

    def __len__(self) -> int:
        return len(self.module)


def _height(parents: tuple[int, ...]) -> int:
    """How many are in each other at most, where each parent comes first."""
    heights: list[int] = []
    for parent in parents:
        heights.append(heights[parent] + 1 if parent >= 0 else 1)
    return max(heights, default=0)


class Edge(Frozen, frozen=True, array_like=True):
    """An import statement that ran, and the module that it asked for (position in ``Run.modules``).

    ``importer`` is -1 if the statement stands in the module being loaded, or in the DAG file.
    Otherwise a function of another module ran the statement, and ``importer`` is that module.
    ``caller_line`` is set for statements in functions: the running line of the module being loaded,
    or of the DAG file; 0 if unknown. ``is_conditional`` says that a statement of the user stands
    inside ``if``, ``try`` or the like. ``is_executed`` says that the statement is in other code,
    which this line executed.
    """

    line: LineNumber
    target: Position
    in_function: bool = False
    importer: Outer = -1
    caller_line: LineNumber = 0
    is_conditional: bool = False
    is_executed: bool = False


class StatementMemory(Frozen, frozen=True, array_like=True):
    """The memory that one import statement of the user's code added to the process: KiB of
    anonymous pages.

    ``importer`` is a position in ``Run.modules``, -1 for the DAG file.
    """

    importer: Outer
    line: LineNumber
    grown_kib: Whole


class Statement(Frozen, frozen=True):
    """One top-level statement of a DAG file and its times in the tracing pass.

    ``parent`` is a position in the same tuple, -1 at the top. Wall and CPU time include nested
    statements; they exclude garbage collection and waiting for a processor. ``count`` is how often
    the statement ran. ``is_cut`` says that dagprof timed only the first iterations of a loop one by
    one (the loop's own time is complete). ``building_us`` is the part of the wall time in which
    this statement itself made DAGs, task groups and tasks. ``gc_us`` is the garbage collection
    while this statement, and no nested one, ran; no other figure includes it. ``member`` is the
    file in a zip archive that holds the statement.
    """

    parent: Outer
    line: LineNumber
    end_line: LineNumber
    kind: str
    text: str
    wall_us: Whole
    cpu_us: Whole
    count: Count
    is_cut: bool = False
    building_us: Whole = 0
    gc_us: Whole = 0
    member: str = ""


class Trace(Frozen, frozen=True):
    """The tracing pass of one file: imports, import statements that ran outside any load, and the
    times of the statements.

    All times exclude the wait for a processor, in proportion to CPU time, because the plain parses
    may not have waited.
    """

    wall_ms: SignedMs
    gc_ms: SignedMs
    compile_ms: SignedMs
    loads: Loads = Loads()
    edges: tuple[Edge, ...] = ()
    statements: tuple[Statement, ...] = ()
    memory: tuple[StatementMemory, ...] = ()


class Stack(Frozen, frozen=True):
    """A node of the sampled call tree. Times are sampled wall milliseconds. The tree leaves out
    children below one per cent.

    Below the DAG file's own code stands a node for each top-level statement: its ``function`` is
    ``STATEMENT``, and its ``line`` is the statement's first line.
    """

    function: str
    file: str
    line: LineNumber
    wall_ms: Ms
    children: tuple[Stack, ...] = ()


STATEMENT = "<statement>"
