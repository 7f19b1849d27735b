"""Results of the tracing pass and of the sampler for one parse: modules, imports, statements and
call stacks.
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
    """The kind of code that a module belongs to."""

    USER = "user"
    DISTRIBUTION = "distribution"
    STDLIB = "stdlib"


class Module(Frozen, frozen=True):
    """A module that at least one file loaded or named in an import statement."""

    name: str
    file: str = ""
    origin: Origin = Origin.USER
    distribution: str = ""


class Loads(Frozen, frozen=True):
    """Loaded modules, in the order in which Python began to load the modules. Each figure is a
    column.

    ``module`` and ``importer`` are positions in ``Run.modules``. ``importer`` is -1 for the DAG
    file, and -2 if dagprof saw no importing statement. ``parent`` is a position in these columns,
    or -1 for an outermost load. Times come from the tracing pass, and exclude garbage collection,
    compilation and waiting for a CPU. ``cumulative_us`` includes nested loads. ``caller_line`` is
    the running line of the enclosing module, or of the DAG file. ``caller_line`` is 0 if this line
    is unknown. ``imports`` is a position in ``Run.import_sets``. This import set contains the
    import statements that ran while Python loaded this module and no nested module.
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
    """The depth of the deepest nesting. Each parent comes before its children."""
    heights: list[int] = []
    for parent in parents:
        heights.append(heights[parent] + 1 if parent >= 0 else 1)
    return max(heights, default=0)


class Edge(Frozen, frozen=True, array_like=True):
    """An import statement that ran, and the module that the statement names (position in
    ``Run.modules``).

    ``importer`` is -1 if the statement is in the module that Python is loading, or in the DAG file.
    Otherwise, a function of another module executed the statement, and ``importer`` is this other
    module. ``caller_line`` is set only for statements in functions. ``caller_line`` is the running
    line of the module that Python is loading, or of the DAG file. Line 0 means an unknown line.
    ``is_conditional`` says that a statement of the user's code is inside ``if``, ``try`` or a
    similar block. ``is_executed`` says that the statement is in other code, and that ``line``
    executed this code.
    """

    line: LineNumber
    target: Position
    in_function: bool = False
    importer: Outer = -1
    caller_line: LineNumber = 0
    is_conditional: bool = False
    is_executed: bool = False


class StatementMemory(Frozen, frozen=True, array_like=True):
    """The memory that one import statement of the user's code added to the process, in KiB of
    anonymous pages.

    ``importer`` is a position in ``Run.modules``, or -1 for the DAG file.
    """

    importer: Outer
    line: LineNumber
    grown_kib: Whole


class Statement(Frozen, frozen=True):
    """One top-level statement of a DAG file, with its times in the tracing pass.

    ``parent`` is a position in the same tuple, or -1 for an outermost statement. Wall time and CPU
    time include nested statements, and exclude garbage collection and waiting for a CPU. ``count``
    is the number of times that the statement ran. ``is_cut`` says that dagprof timed only the first
    iterations of a loop individually; the time of the loop itself is complete. ``building_us`` is
    the part of the wall time in which this statement itself created DAGs, task groups and tasks.
    ``gc_us`` is the garbage collection during this statement, without nested statements. All other
    figures exclude garbage collection. ``member`` is the file in a zip archive that contains the
    statement.
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


class HelperStatements(Frozen, frozen=True):
    """The top-level statements of one module that the DAG file imports. ``module`` is a position in
    ``Run.modules``. Only modules of the user's code with slow code of their own have such times.

    The times include the time to load the modules that a statement imports. ``Statement.parent`` is
    a position in ``statements``.
    """

    module: Position
    statements: tuple[Statement, ...]


class Trace(Frozen, frozen=True):
    """The tracing pass of one file: imports, import statements that ran outside module loads, and
    the times of the statements.

    All times exclude waiting for a CPU, in proportion to the CPU time. The uninstrumented parses
    may have waited for a different time. ``load_ms`` is the load stage, 0.0 in Runs of older
    versions of dagprof. ``compile_ms`` are the compilations that the other times exclude, also
    those of dagprof. ``recompiled_ms`` are the compilations of modules without usable bytecode,
    which each parse repeats.
    """

    wall_ms: SignedMs
    gc_ms: SignedMs
    compile_ms: SignedMs
    loads: Loads = Loads()
    edges: tuple[Edge, ...] = ()
    statements: tuple[Statement, ...] = ()
    memory: tuple[StatementMemory, ...] = ()
    helpers: tuple[HelperStatements, ...] = ()
    load_ms: SignedMs = 0.0
    recompiled_ms: SignedMs = 0.0


class Stack(Frozen, frozen=True):
    """A node of the sampled call tree. Times are sampled wall times in ms. The tree omits nodes
    that take less than one per cent.

    The code of the DAG file has one child node for each top-level statement. The ``function`` of
    such a node is ``STATEMENT``, and its ``line`` is the first line of the statement.
    """

    function: str
    file: str
    line: LineNumber
    wall_ms: Ms
    children: tuple[Stack, ...] = ()


STATEMENT = "<statement>"
