"""The import graph of one parse: the modules with their self time, and the import statements that
loaded the modules.

An import statement is a separate node between the module that executes the statement and the
modules that the statement names. Users can change statements, not modules. The parse no longer
loads a module if no path from the DAG file reaches the module. The saving of a statement is
therefore the time of all modules that the statement dominates (Cooper, Harvey and Kennedy, 2001;
computed by networkx).

A statement in a function has one node for each caller. Each node leads only to the modules that
were loaded for its caller. The caller is the module whose execution called the function, not the
module that contains the function. If an import statement of the calling module was running, the
caller is this import statement. An example is a name that is taken from a lazy module: Python then
calls ``__getattr__`` of the lazy module.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from dagprof.attribution.dominators import DominatorIndex
from dagprof.model import Edge, Loads, Module, Origin, Trace

ROOT = -1


class ImportStatement(NamedTuple):
    """An import statement: the position of its module (-1 for the DAG file), and its line."""

    importer: int
    line: int


class Call(NamedTuple):
    """An import statement in a function, executed for one calling module or for one import
    statement.
    """

    statement: ImportStatement
    caller: int | ImportStatement


Node = int | ImportStatement | Call


def _statement(edge: Edge, source: int) -> ImportStatement:
    """The statement of an edge that was recorded while Python loaded the module ``source``."""
    return ImportStatement(edge.importer if edge.importer >= 0 else source, edge.line)


class ImportGraph:
    """The import graph of one trace. All times are microseconds of the tracing pass.

    ``executed`` holds other statements that execute code with imports. ``calls`` are the calls of
    the user's code that a user can change, each with its own time in µs. Each call becomes a
    separate statement, like an import statement.
    """

    def __init__(
        self,
        trace: Trace,
        modules: Sequence[Module],
        import_sets: Sequence[Sequence[Edge]],
        calls: Mapping[ImportStatement, int] = MappingProxyType({}),
    ) -> None:
        self.trace, self.modules = trace, modules
        self._loads = trace.loads
        self.cost_us: dict[int, int] = {}
        for place, us in zip(self._loads.module, self._loads.self_us, strict=True):
            self.cost_us[place] = self.cost_us.get(place, 0) + us
        reached = {ROOT, *self.cost_us}
        self.calls = {call: us for call, us in calls.items() if call.importer in reached}
        for call, us in self.calls.items():
            if call.importer != ROOT:  # the time of the module's code includes its calls
                self.cost_us[call.importer] = max(0, self.cost_us[call.importer] - us)
        self._import_sets = import_sets
        self._after: dict[Node, dict[Node, None]] = {ROOT: {}}
        self._lines: dict[int, set[int]] = {}
        self.executed: set[ImportStatement] = set()
        self._called: set[tuple[int, ImportStatement, int]] = set()
        self._add_edges()
        self._add_loads()
        self._add_packages()
        for call in self.calls:  # also a call that loads nothing
            self._link(call.importer, call)
            self._after.setdefault(call, {})

    def _each_set(self) -> Iterator[tuple[int, Sequence[Edge]]]:
        """The import sets of the parse, each with the module that Python was loading."""
        loads = self._loads
        yield ROOT, self.trace.edges
        for module, number in dict.fromkeys(zip(loads.module, loads.imports, strict=True)):
            yield module, self._import_sets[number]

    @cached_property
    def named(self) -> dict[ImportStatement, dict[int, None]]:
        """Each executed import statement, with the modules that it named or loaded."""
        found: dict[ImportStatement, dict[int, None]] = {}
        for source, edges in self._each_set():
            for edge in edges:
                found.setdefault(_statement(edge, source), {})[edge.target] = None
        loads = self._loads
        for module, importer, line in zip(loads.module, loads.importer, loads.line, strict=True):
            if importer >= ROOT:
                found.setdefault(ImportStatement(importer, line), {})[module] = None
        return found

    def _add_edges(self) -> None:  # a large fleet has millions of edges
        cost_us, after = self.cost_us, self._after
        for source, edges in self._each_set():
            lines = self._lines[source] = set()
            in_functions = []
            for edge in edges:
                if edge.is_executed:
                    self.executed.add(_statement(edge, source))
                if edge.importer < 0 and not edge.in_function:
                    lines.add(edge.line)
                if edge.target not in cost_us:
                    continue
                if edge.in_function:
                    in_functions.append(edge)
                    continue
                statement = _statement(edge, source)
                after.setdefault(source, {})[statement] = None
                after.setdefault(statement, {})[edge.target] = None
            for edge in in_functions:
                self._add_call(source, edge.caller_line, _statement(edge, source), edge.target)

    def _add_call(self, module: int, line: int, statement: ImportStatement, target: int) -> None:
        """Add a statement that a line of a module executed: an import statement or other code."""
        running = ImportStatement(module, line)
        caller: int | ImportStatement = module
        if running != statement and (running in self.calls or line in self._lines.get(module, ())):
            caller = running
            self._link(module, running)  # the statement may name modules that were already loaded
        self._called.add((module, statement, target))
        self._link(caller, Call(statement, caller))
        self._link(Call(statement, caller), target)

    def _add_loads(self) -> None:
        """Add an edge for each load. A statement without a known importer belongs to the load that
        was in progress.
        """
        loads = self._loads
        for place, module in enumerate(loads.module):
            around = self._module_around(place)
            if loads.importer[place] < ROOT:
                self._link(around, module)
                continue
            statement = ImportStatement(loads.importer[place], loads.line[place])
            if statement in self._after:
                self._link(statement, module)
            elif statement.importer == around and statement.line in (0, loads.caller_line[place]):
                self._link(around, statement)
                self._link(statement, module)
            elif (around, statement, module) not in self._called:
                self._add_call(around, loads.caller_line[place], statement, module)

    def around(self, place: int) -> int:
        """The load in which another load started, or -1 outside all loads. A parent package counts
        as loaded by the importer of its module.
        """
        loads = self._loads
        inside = f"{self.modules[loads.module[place]].name}."
        parent = loads.parent[place]
        while parent >= 0 and self.modules[loads.module[parent]].name.startswith(inside):
            parent = loads.parent[parent]
        return parent

    def ran(self, place: int) -> ImportStatement:
        """The line of the enclosing module that started a load: an import statement, or a call of a
        function that contains an import statement.
        """
        around = self._module_around(place)
        if self._loads.importer[place] == around:
            return ImportStatement(around, self._loads.line[place])
        return ImportStatement(around, self._loads.caller_line[place])

    def _module_around(self, place: int) -> int:
        around = self.around(place)
        return self._loads.module[around] if around >= 0 else ROOT

    def _add_packages(self) -> None:
        """Link each submodule to its parent packages. Python loads the parent packages before the
        submodule.
        """
        by_name = {self.modules[place].name: place for place in self.cost_us}
        for name, place in by_name.items():
            package = by_name.get(name.rpartition(".")[0])
            if package is not None:
                self._link(place, package)

    def _link(self, before: Node, after: Node) -> None:
        if before != after:
            self._after.setdefault(before, {})[after] = None

    @property
    def total_us(self) -> int:
        """The self time of all modules that the parse loaded, and the own time of the calls."""
        return sum(self.cost_us.values()) + sum(self.calls.values())

    @cached_property
    def _ways(self) -> dict[ImportStatement, list[Node]]:
        """The nodes of each import statement that loaded a module: the statement itself, or one
        node for each caller.
        """
        found: dict[ImportStatement, list[Node]] = {}
        for node in self._after:
            if isinstance(node, ImportStatement | Call):
                found.setdefault(node.statement if isinstance(node, Call) else node, []).append(
                    node
                )
        return found

    def statements(self) -> list[ImportStatement]:
        """All import statements that loaded a module."""
        return list(self._ways)

    def ways(self, statement: ImportStatement) -> list[Node]:
        """The nodes of a statement. A statement in a function has one node for each caller."""
        return self._ways.get(statement, [])

    def is_in_function(self, statement: ImportStatement) -> bool:
        """Whether a function call executed the statement, and not the execution of a module."""
        return any(isinstance(way, Call) for way in self.ways(statement))

    def is_users(self, statement: ImportStatement) -> bool:
        """Whether a statement is in the user's code."""
        return statement.importer == ROOT or self.modules[statement.importer].origin is Origin.USER

    def is_changeable(self, statement: ImportStatement) -> bool:
        """Whether a user can remove or move the statement. The statement is either an import
        statement of the user's code, or one of ``calls``.
        """
        return self.is_users(statement) and statement.line > 0 and statement not in self.executed

    def targets(self, statement: ImportStatement) -> list[int]:
        """The modules that a statement loaded in this parse, directly or through a lazy module."""
        found: dict[int, None] = {}
        for way in self.ways(statement):
            for node in self._after[way]:
                asked = self._after[node] if isinstance(node, Call) else (node,)
                found.update(dict.fromkeys(module for module in asked if isinstance(module, int)))
        return list(found)

    def executors(self, statement: ImportStatement) -> list[int]:
        """The modules whose functions imported modules while a statement ran, such as a call."""
        found: dict[int, None] = {}
        for way in self.ways(statement):
            for node in self._after[way]:
                if isinstance(node, Call) and node.statement.importer != ROOT:
                    found[node.statement.importer] = None
        return list(found)

    def importers(self, module: int) -> list[ImportStatement]:
        """All statements that import a module."""
        return [
            statement
            for statement, ways in self._ways.items()
            if any(module in self._after[way] for way in ways)
        ]

    def reached_until(self, start: Node, boundary: Collection[Node]) -> tuple[list[Node], set[int]]:
        """The modules and the nodes of ``boundary`` that a walk from ``start`` reaches. The walk
        stops at each node of ``boundary``.
        """
        seen: set[Node] = {start}
        waiting: list[Node] = [start]
        met: list[Node] = []
        while waiting:
            for node in self._after.get(waiting.pop(), ()):
                if node in seen:
                    continue
                seen.add(node)
                if node in boundary:
                    met.append(node)
                else:
                    waiting.append(node)
        return met, {node for node in seen if isinstance(node, int) and node != ROOT}

    def saving_us(self, without: Collection[int | ImportStatement]) -> int:
        """The self time in µs of the modules that the parse no longer loads if all of these
        statements or modules are removed.
        """
        gone = [
            way
            for node in without
            for way in ([node] if isinstance(node, int) else self.ways(node))
        ]
        return self.total_us - self._index.cost([ROOT], gone)

    def remaining_us(self, without: Collection[ImportStatement], among: Collection[int]) -> int:
        """The self time in µs of those modules ``among`` that the parse still loads without these
        statements.
        """
        gone = [way for statement in without for way in self.ways(statement)]
        costs: dict[Node, int] = {module: self.cost_us.get(module, 0) for module in among}
        return DominatorIndex[Node](ROOT, self._after, costs).cost([ROOT], gone)

    def alone_us(self, node: int | ImportStatement) -> int:
        """The saving in µs without one statement or module: the self time of the modules that only
        this statement or module loads.
        """
        ways = [node] if isinstance(node, int) else self.ways(node)
        return self._index.dominated.get(ways[0], 0) if len(ways) == 1 else self.saving_us([node])

    def each_alone_us(self, statements: Sequence[ImportStatement]) -> list[int]:
        """The same for several statements. For a few of them, one walk through the graph is faster
        than all dominators.
        """
        return self.savings_us([self.ways(statement) for statement in statements])

    def savings_us(self, groups: Sequence[Collection[Node]]) -> list[int]:
        """The saving in µs for each group, if all nodes of the group are removed."""
        return [self.total_us - us for us in self._index.costs_without(groups)]

    def behind_us(self, statement: ImportStatement) -> int:
        """The own time in µs of a statement and of all modules that it loads, including modules
        that other statements also load.
        """
        return self.calls.get(statement, 0) + self._index.cost(self.ways(statement))

    @cached_property
    def _index(self) -> DominatorIndex[Node]:
        costs: dict[Node, int] = dict(self.cost_us.items())
        costs.update(self.calls.items())
        return DominatorIndex(ROOT, self._after, costs)

    def chain(self, module: int) -> dict[ImportStatement, int]:
        """The import statements through which a module was first loaded, starting in the DAG file.
        Each entry contains a statement and the module that the statement started to load.
        """
        loads: Loads = self._loads
        found: dict[ImportStatement, int] = {}
        place = loads.module.index(module)
        while place >= 0:
            statement = ImportStatement(loads.importer[place], loads.line[place])
            if statement.importer >= ROOT:
                found.setdefault(statement, loads.module[place])
            if self.ran(place).line:
                found.setdefault(
                    self.ran(place), loads.module[place]
                )  # the line of the call, for a statement in a function
            place = self.around(place)
        return dict(reversed(found.items()))
