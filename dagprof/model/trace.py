"""What the tracing pass and the sampler found in one parse: modules, imports, statements, call
stacks.
"""

from __future__ import annotations

import enum

from dagprof.model.base import Frozen


class Origin(str, enum.Enum):
    """Where the code of a module lives."""

    USER = "user"
    DISTRIBUTION = "distribution"
    STDLIB = "stdlib"


class Module(Frozen, frozen=True):
    """A module that some file loaded, or asked for."""

    name: str
    file: str = ""
    origin: Origin = Origin.USER
    distribution: str = ""


class Loads(Frozen, frozen=True):
    """Modules in the order their loading began, one column per figure.

    ``module`` and ``importer`` are positions in ``Run.modules``; ``importer`` is -1 for the DAG
    file itself and -2 where no importing statement was seen. ``parent`` is a position in these
    columns, -1 for an outermost load. Times are those of the tracing pass, without garbage
    collection, compilation and waiting for a processor; ``cumulative_us`` includes what was loaded
    in turn. ``caller_line`` is the line that was running of the module being loaded, or of the DAG
    file, 0 if unknown. ``imports`` is a position in ``Run.import_sets``: the import statements that
    ran while this module, and nothing inside it, was being loaded.
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

    ``importer`` is the module in which the statement stands where that is not the one being loaded:
    a function of another module was called; -1 stands for the module being loaded, or the DAG file.
    ``caller_line`` is the line of that module, or of the DAG file, that was running, for statements
    in functions; 0 if unknown. ``is_conditional`` says of the user's statements that they stand
    inside ``if``, ``try`` or the like. ``is_executed``: it is in other code, which was executed at
    this line.
    """

    line: int
    target: int
    in_function: bool = False
    importer: int = -1
    caller_line: int = 0
    is_conditional: bool = False
    is_executed: bool = False


class StatementMemory(Frozen, frozen=True, array_like=True):
    """What one import statement of the user's code added to the process: KiB of anonymous pages.

    ``importer`` is a position in ``Run.modules``, -1 for the DAG file.
    """

    importer: int
    line: int
    grown_kib: int


class Statement(Frozen, frozen=True):
    """One top-level statement of a DAG file and its clock in the tracing pass.

    ``parent`` is a position in the same tuple, -1 at the top. Wall and CPU time include nested
    statements; garbage collection and waiting for a processor are taken out. ``count`` is how often
    it ran; ``is_cut`` says that a loop was looked into for its first iterations only (the loop's
    own time is whole). ``building_us`` is how much of the wall time went into making DAGs, task
    groups and tasks in this statement itself. ``gc_us`` is the garbage collection while it, and
    none nested in it, ran; it is in no other figure. ``member`` is the file in a zip archive that
    it is in.
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
    gc_us: int = 0
    member: str = ""


class Trace(Frozen, frozen=True):
    """The tracing pass of one file: imports, the import statements that ran outside any load, and
    the statements' clocks.

    What the pass waited for a processor is taken out of all times, in proportion to CPU time: the
    machine's doing, which the plain parses may not have met.
    """

    wall_ms: float
    gc_ms: float
    compile_ms: float
    loads: Loads = Loads()
    edges: tuple[Edge, ...] = ()
    statements: tuple[Statement, ...] = ()
    memory: tuple[StatementMemory, ...] = ()


class Stack(Frozen, frozen=True):
    """A node of the sampled call tree; times are sampled wall milliseconds, children below one per
    cent are left out.

    Below the DAG file's own code stands a node for each top-level statement: ``function`` is
    ``STATEMENT`` and ``line`` the statement's first line.
    """

    function: str
    file: str
    line: int
    wall_ms: float
    children: tuple[Stack, ...] = ()


STATEMENT = "<statement>"
