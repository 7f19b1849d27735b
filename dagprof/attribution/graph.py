"""The import graph of one parse: modules with their own time, and the import statements that asked for them.

A statement is a node of its own between the module that runs it and the modules it names: it is the only thing that a
person can change. A module falls away when no way from the DAG file reaches it any more, so what a statement would really
save is what it dominates (Cooper, Harvey and Kennedy, 2001; computed by networkx). A statement in a function is attached to the
module whose execution called it, not to the one it stands in, and there to the import statement that was running, if any: taking
a name from a lazy module calls its ``__getattr__``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from dagprof.model import Edge, Loads, Module, Origin, Trace

if TYPE_CHECKING:
    import networkx

ROOT = -1


class Statement(NamedTuple):
    """An import statement: the module it stands in (a position, -1 for the DAG file) and its line."""

    importer: int
    line: int


Node = int | Statement


class ImportGraph:
    """Built once from a trace; all questions are answered in microseconds of the tracing pass."""

    def __init__(self, trace: Trace, modules: Sequence[Module], import_sets: Sequence[Sequence[Edge]]) -> None:
        self.trace, self.modules = trace, modules
        self._loads = trace.loads
        self.cost_us: dict[int, int] = {}
        for place, us in zip(self._loads.module, self._loads.self_us, strict=True):
            self.cost_us[place] = self.cost_us.get(place, 0) + us
        self.in_functions: set[Statement] = set()
        self._after: dict[Node, dict[Node, None]] = {ROOT: {}}
        self._lines: dict[int, set[int]] = {}
        self._add_edges(import_sets)
        self._add_loads()
        self._add_packages()

    def _add_edges(self, import_sets: Sequence[Sequence[Edge]]) -> None:
        self._add_set(ROOT, self.trace.edges)
        for module, number in dict.fromkeys(zip(self._loads.module, self._loads.imports, strict=True)):
            self._add_set(module, import_sets[number])

    def _add_set(self, source: int, edges: Iterable[Edge]) -> None:
        edges = tuple(edges)
        self._lines[source] = {edge.line for edge in edges if edge.importer < 0 and not edge.in_function}
        for edge in edges:
            statement = Statement(edge.importer if edge.importer >= 0 else source, edge.line)
            if edge.in_function:
                self.in_functions.add(statement)
            if edge.target in self.cost_us:
                self._link(self._cause(source, edge.caller_line, statement), statement)
                self._link(statement, edge.target)

    def _cause(self, module: int, line: int, statement: Statement) -> Node:
        """What ran a statement: an import statement that took a name from a lazy module, or else the module."""
        running = Statement(module, line)
        if running == statement or line not in self._lines.get(module, ()):
            return module
        self._link(module, running)  # what it names itself may have been there before
        return running

    def _add_loads(self) -> None:
        """Each load is an edge too; a statement that nobody was seen to run belongs to the load that was under way."""
        loads = self._loads
        reached = {after for nodes in self._after.values() for after in nodes}
        for place, module in enumerate(loads.module):
            around = loads.module[loads.parent[place]] if loads.parent[place] >= 0 else ROOT
            if loads.importer[place] < ROOT:
                self._link(around, module)
                continue
            statement = Statement(loads.importer[place], loads.line[place])
            if statement not in reached:
                reached.add(statement)
                self._link(self._cause(around, loads.caller_line[place], statement), statement)
            self._link(statement, module)

    def _add_packages(self) -> None:
        """A submodule's packages are loaded before it, whoever asks for it."""
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
        """Own time of all modules that the parse loaded."""
        return sum(self.cost_us.values())

    def statements(self) -> list[Statement]:
        """All import statements that led to something loaded."""
        return [node for node in self._after if isinstance(node, Statement)]

    def is_users(self, statement: Statement) -> bool:
        """Whether a statement stands in the user's own code."""
        return statement.importer == ROOT or self.modules[statement.importer].origin is Origin.USER

    def targets(self, statement: Statement) -> list[int]:
        """The modules loaded in this parse that a statement asks for, itself or through a lazy module."""
        found: list[int] = []
        for node in self._after.get(statement, ()):
            lazily = self._after.get(node, ()) if isinstance(node, Statement) else (node,)
            found += [module for module in lazily if not isinstance(module, Statement)]
        return found

    def importers(self, module: int) -> list[Statement]:
        """All statements that ask for a module."""
        return [node for node, after in self._after.items() if isinstance(node, Statement) and module in after]

    def reached_until(self, start: Node, boundary: Collection[Statement]) -> tuple[list[Statement], set[int]]:
        """What is reached from a node without going on behind the statements of ``boundary``: those, and the modules."""
        seen: set[Node] = {start}
        waiting, met = [start], []
        while waiting:
            for node in self._after.get(waiting.pop(), ()):
                if node in seen:
                    continue
                seen.add(node)
                if isinstance(node, Statement) and node in boundary:
                    met.append(node)
                else:
                    waiting.append(node)
        return met, {node for node in seen if not isinstance(node, Statement) and node != ROOT}

    def cost_of(self, modules: Iterable[int]) -> int:
        """Own time of some modules together, in µs."""
        return sum(self.cost_us[module] for module in modules)

    def saving_us(self, without: Collection[Node]) -> int:
        """What falls away when these statements or modules are gone together, in µs."""
        return self.total_us - self._cost_reached(ROOT, without)

    def savings_us(self, groups: Sequence[Collection[int]]) -> list[int]:
        """What falls away when all modules of a group are gone, in µs, for each of these groups of modules.

        One walk for all of them: a node keeps a bit for each group that a way from the DAG file to it avoids.
        """
        places, after, costs = self._numbered
        allowed = [-1] * len(places)
        for number, modules in enumerate(groups):
            for module in modules:
                if module in places:
                    allowed[places[module]] &= ~(1 << number)
        avoided = [0] * len(places)
        avoided[places[ROOT]] = (1 << len(groups)) - 1
        waiting = [places[ROOT]]
        while waiting:
            here = waiting.pop()
            for there in after[here]:
                gained = avoided[here] & allowed[there] & ~avoided[there]
                if gained:
                    avoided[there] |= gained
                    waiting.append(there)
        kept = [0] * len(groups)
        for cost, mask in zip(costs, avoided, strict=True):
            if cost:
                for number in range(len(groups)):
                    if mask >> number & 1:
                        kept[number] += cost
        return [self.total_us - us for us in kept]

    def behind_us(self, statement: Statement) -> int:
        """What a statement leads to, whoever else does too, in µs."""
        return self._cost_reached(statement)

    def _cost_reached(self, start: Node, without: Collection[Node] = ()) -> int:
        """Own time of the modules that are still loaded when these statements or modules are gone, in µs.

        Over numbers instead of nodes: a large fleet asks a hundred thousand times.
        """
        places, after, costs = self._numbered
        seen = bytearray(len(places))
        for node in without:
            if node in places:
                seen[places[node]] = 1
        waiting = [places[start]]
        seen[waiting[0]] = 1
        cost = costs[waiting[0]]
        while waiting:
            for number in after[waiting.pop()]:
                if not seen[number]:
                    seen[number] = 1
                    cost += costs[number]
                    waiting.append(number)
        return cost

    @cached_property
    def _numbered(self) -> tuple[dict[Node, int], list[list[int]], list[int]]:
        """Every node's number, and by number what comes after it and its own time in µs."""
        places: dict[Node, int] = {}
        for node, nodes in self._after.items():
            places.setdefault(node, len(places))
            for each in nodes:
                places.setdefault(each, len(places))
        after = [[places[each] for each in self._after.get(node, ())] for node in places]
        costs = [0 if isinstance(node, Statement) else self.cost_us.get(node, 0) for node in places]
        return places, after, costs

    def dominated(self) -> dict[Node, tuple[int, int]]:
        """For each statement and module: own time in µs, and number, of the modules that only it leads to."""
        import networkx  # a quarter of a second, before the first parse if it stood at the top

        graph: networkx.DiGraph[Node] = networkx.DiGraph()
        graph.add_node(ROOT)
        graph.add_edges_from((before, after) for before, nodes in self._after.items() for after in nodes)
        above = {node: over for node, over in networkx.immediate_dominators(graph, ROOT).items() if over is not None}
        totals: dict[Node, list[int]] = {
            node: [0, 0] if isinstance(node, Statement) or node == ROOT else [self.cost_us[node], 1] for node in above
        }
        totals.setdefault(ROOT, [0, 0])
        for node in _leaves_first(above):
            over = above[node]
            totals[over][0] += totals[node][0]
            totals[over][1] += totals[node][1]
        return {node: (us, count) for node, (us, count) in totals.items()}

    def chain(self, module: int) -> list[Statement]:
        """The import statements by which a module was first loaded, the DAG file's first."""
        loads: Loads = self._loads
        found: dict[Statement, None] = {}
        place = loads.module.index(module)
        while place >= 0:
            statement = Statement(loads.importer[place], loads.line[place])
            if statement.importer >= ROOT:
                found.setdefault(statement)
            around = loads.module[loads.parent[place]] if loads.parent[place] >= 0 else ROOT
            running = Statement(around, loads.caller_line[place])
            if statement.importer != around and running.line:
                found.setdefault(running)  # it stands in a function, which was called from there
            place = loads.parent[place]
        return list(found)[::-1]


def _leaves_first(above: dict[Node, Node]) -> list[Node]:
    """The nodes of a dominator tree, each before the one over it; the root is left out."""
    depth: dict[Node, int] = {ROOT: 0}

    def depth_of(node: Node) -> int:
        path = []
        while node not in depth:
            path.append(node)
            node = above[node]
        level = depth[node]
        for inner in reversed(path):
            level += 1
            depth[inner] = level
        return level

    return sorted((node for node in above if node != ROOT), key=lambda node: -depth_of(node))
