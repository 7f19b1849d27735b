"""A layer: modules of installed distributions that a worker has imported before it forks parses.

Each parse finds these modules loaded, and so does not pay for them. When a traced parse reaches a
module of the layer for the first time, the tracer adds the loads that the parse would have made,
with the times that the modules took when the layer was surveyed. The trace then looks like one of
a parse without a layer.
"""

from __future__ import annotations

import importlib._bootstrap as bootstrap
import sys
from _thread import get_ident
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, NamedTuple, Sequence, Tuple

from ... import origin
from ...system.clocks import perf_counter_ns
from .importing import modules_without_parts, targets
from .records import ELAPSED, INSIDE

if TYPE_CHECKING:
    from typing import Protocol

    from ...protocol.result import Facts
    from ...protocol.worker import Costs
    from .excluded import Excluded

    class Tracer(Protocol):
        """The import tracer of a parse, as far as a layer adds to its records."""

        loads: list[Any]
        hits: list[Any]
        calls: list[Any]
        memory: list[tuple[object, int, int]]
        apart: Excluded
        current_line: Callable[[], int]

        @property
        def top(self) -> int: ...

        def has_room(self) -> bool: ...

    # An import statement of a module, or a load during one: the kind, and the record of the tracer.
    Step = Tuple[int, Tuple[Any, ...]]

LOAD, HIT, CALL = range(3)


class Wanted(NamedTuple):
    """A module of the layer that another one of its modules loads, or names in an import
    statement. ``importer`` is the name of the module with the statement.
    """

    target: str
    line: int
    importer: str | None
    running: int
    is_load: bool


class LayerImport(NamedTuple):
    """An import statement that ran while a module of the layer was loaded, and the modules of the
    layer that it named. ``running`` is the running line of the loading module, 0 for statements
    outside of functions.
    """

    importer: str
    line: int
    in_function: bool
    running: int
    targets: list[str]
    is_executed: bool


class Layer:
    """The modules of a layer. ``own_ns`` is the time of each module's own code, ``collections`` the
    number of garbage collections that this code causes.

    ``took_ns`` is the time of each collection after the start of a parse: the longer a parse
    imports, the more objects a collection visits. So the time of a collection depends on how many
    were before, and not on the module. ``kib`` is the memory that a module adds. All times are
    multiplied by ``scale``.
    """

    def __init__(
        self, steps: Mapping[str, Sequence[Step]], costs: Costs, kib: Mapping[str, int]
    ) -> None:
        self.kib = kib
        self.own_ns = {name: costs["own_ns"].get(name, 0) for name in steps}
        # Found once for all parses: a parse may reach thousands of statements.
        self.wanted = {name: list(self._wanted(own)) for name, own in steps.items()}
        self.statements = {name: list(self._statements(name, own)) for name, own in steps.items()}
        self.collections, self.took_ns = costs["collections"], costs["took_ns"]
        self.cpu_share, self.scale = costs["cpu_share"], 1.0
        self.modules = {name: sys.modules.get(name) for name in steps}

    def _targets(self, statement: Sequence[Any]) -> list[str]:
        namespace, name, fromlist, level = statement
        named = targets(namespace or {}, name, fromlist, level)
        return [target for target in named if target in self.own_ns]

    def _wanted(self, steps: Sequence[Step]) -> Iterator[Wanted]:
        """What a module loads and names, in order; the first time only."""
        seen: set[tuple[str, bool]] = set()
        for kind, record in steps:
            if kind == LOAD:
                target, line, importer, running = record
                found = [Wanted(target, line, importer, running, is_load=True)]
            else:
                line, statement = record[0], record[2:6] if kind == HIT else record[1:5]
                running = line if kind == HIT else record[6]
                importer = name_of(statement[0])
                found = [
                    Wanted(target, line, importer, running, is_load=False)
                    for target in self._targets(statement)
                ]
            for wanted in found:
                if (wanted.target, wanted.is_load) not in seen:
                    seen.add((wanted.target, wanted.is_load))
                    yield wanted

    def _statements(self, module: str, steps: Sequence[Step]) -> Iterator[LayerImport]:
        """The statements that ran while a module was loaded: its own first, then those in
        functions.
        """
        for kind, record in steps:
            if kind == HIT and isinstance(name_of(record[2]), str):
                found = self._targets(record[2:6])
                if found:
                    yield LayerImport(name_of(record[2]), record[0], False, 0, found, record[1])
        for kind, record in steps:
            if kind != CALL or not isinstance(name_of(record[1]), str):
                continue
            found = self._targets(record[1:5])
            importer, line = name_of(record[1]), record[0]
            if importer == bootstrap.__name__:  # a compiled module
                importer, line = module, 0
            if found:
                yield LayerImport(importer, line, record[7] and line > 0, record[6], found, False)

    def reached_by(self, tracer: Tracer) -> Reached:
        """What one traced parse reaches of this layer."""
        return Reached(self, tracer)


class Before:
    """The modules that are loaded when a parse starts, perhaps with a layer. ``leaves`` are those
    outside of the layer that are no packages.

    A worker makes one for all its parses. Each parse would copy the memory pages of all modules to
    find them, which takes 15 ms.
    """

    def __init__(self, layer: Layer | None = None) -> None:
        self.layer = layer
        found = modules_without_parts()
        self.leaves = found if layer is None else found.difference(layer.own_ns)


class Reached:
    """The modules of a layer that one traced parse has reached.

    ``added_ns`` is the time that the parse would have taken longer without the layer, including
    garbage collection, and ``added_kib`` the memory. ``spent_ns`` is the time that adding the
    records took. ``statements`` yields the import statements that these modules ran.
    """

    def __init__(self, layer: Layer, tracer: Tracer) -> None:
        self._layer, self._tracer = layer, tracer
        self._thread = get_ident()
        self._known: set[str] = set()
        self._ran: list[str] = []
        self.added_ns = self.added_kib = self.spent_ns = 0
        self._collections = 0

    @property
    def facts(self) -> Facts:
        """What the parse would have used in addition without the layer."""
        added_ms = self.added_ns / 1e6
        return {
            "added_ms": added_ms,
            "added_cpu_ms": added_ms * self._layer.cpu_share,
            "added_kib": max(0, self.added_kib),
        }

    def statements(self) -> Iterator[tuple[str, LayerImport]]:
        """The import statements that the reached modules ran, each with the module that was being
        loaded.
        """
        for name in self._ran:
            for statement in self._layer.statements[name]:
                yield name, statement

    def by_hit(self, hit: tuple[Any, ...]) -> None:
        """A module of the parse runs an import statement, which the tracer is about to record."""
        tracer = self._tracer
        self._by(hit[2:], hit[0], hit[0] if tracer.top >= 0 else tracer.current_line())

    def by_call(self, call: tuple[Any, ...]) -> None:
        """The same for an import statement in a function, or a call of ``import_module``."""
        self._by(call[1:5], call[0], call[6])

    def by_load(self, name: str, line: int, importer: object, running: int) -> None:
        """The parse has begun to load a module, whose package may belong to the layer."""
        package, top = name.rpartition(".")[0], self._tracer.top
        if package in self._layer.own_ns and package not in self._known:
            started = perf_counter_ns()
            self._finish(started, self._load(package, top, line, importer, running))

    def _by(self, statement: tuple[Any, ...], line: int, running: int) -> None:
        if get_ident() != self._thread:
            return  # the tracer records loads of one thread only
        started, before_kib = perf_counter_ns(), self.added_kib
        added = self._follow(statement, self._tracer.top, line, running)
        namespace = statement[0]
        if added and namespace and origin.of_file(namespace.get("__file__")) == origin.USER:
            grown = self.added_kib - before_kib
            self._tracer.memory.append((namespace.get("__name__"), line, grown))
        self._finish(started, added)

    def _finish(self, started: int, added: int) -> None:
        if added and self._tracer.top >= 0:
            self._tracer.loads[self._tracer.top + INSIDE] += added
        self.spent_ns += perf_counter_ns() - started

    def _follow(self, statement: tuple[Any, ...], parent: int, line: int, running: int) -> int:
        """Record what a statement loads. Return its time without garbage collection."""
        namespace, name, fromlist, level = statement
        added = 0
        for target in targets(namespace or {}, name, fromlist, level):
            if target in self._layer.own_ns and target not in self._known and self._is_here(target):
                added += self._load(target, parent, line, name_of(namespace), running)
        return added

    def _is_here(self, target: str) -> bool:
        """Whether the DAG file has not put another module in its place."""
        return sys.modules.get(target) is self._layer.modules[target]

    def _load(self, name: str, parent: int, line: int, importer: object, running: int) -> int:
        """Record a load, and all loads in it. Return their time without garbage collection."""
        if name in self._known or name not in self._layer.own_ns:
            return 0
        if not self._tracer.has_room():
            self._known.add(name)
            return 0
        loads = self._tracer.loads
        here = len(loads)
        loads.extend((name, parent, 0, 0, line, importer, running))
        own = 0
        # Python loads a package in the load of its module. The package may load the module.
        inside = self._load(name.rpartition(".")[0], here, line, importer, running)
        if name not in self._known:
            self._known.add(name)
            self._ran.append(name)
            for wanted in self._layer.wanted[name]:
                target = wanted.target
                if target not in self._known and (wanted.is_load or self._is_here(target)):
                    inside += self._load(target, here, wanted.line, wanted.importer, wanted.running)
            own = int(self._layer.own_ns[name] * self._layer.scale)
            self.added_kib += self._layer.kib.get(name, 0)
            self._collect(self._layer.collections.get(name, 0))
        loads[here + ELAPSED], loads[here + INSIDE] = own + inside, inside
        self.added_ns += own
        return own + inside

    def _collect(self, number: int) -> None:
        """Count the next garbage collections that the parse would have made."""
        first, self._collections = self._collections, self._collections + number
        took_ns = int(sum(self._layer.took_ns[first : self._collections]) * self._layer.scale)
        self.added_ns += took_ns
        self._tracer.apart.collected_earlier(took_ns)


def name_of(namespace: object) -> Any:
    """The name of the module with this namespace."""
    return namespace.get("__name__") if isinstance(namespace, dict) else None
