"""A layer: modules of installed distributions that a worker has imported before it forks parses.

Each parse finds these modules loaded, and so does not pay for them. When a traced parse reaches a
module of the layer for the first time, the tracer adds the loads that the parse would have made,
with the times that the modules took when the layer was surveyed. The trace then looks like one of
a parse without a layer.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence, Tuple

from ... import origin
from ...system.clocks import perf_counter_ns
from .importing import targets
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
        self.steps, self.kib = steps, kib
        self.own_ns = {name: costs["own_ns"].get(name, 0) for name in steps}
        self.collections, self.took_ns = costs["collections"], costs["took_ns"]
        self.cpu_share, self.scale = costs["cpu_share"], 1.0
        self.modules = {name: sys.modules.get(name) for name in steps}

    def reached_by(self, tracer: Tracer) -> Reached:
        """What one traced parse reaches of this layer."""
        return Reached(self, tracer)


class Reached:
    """The modules of a layer that one traced parse has reached.

    ``added_ns`` is the time that the parse would have taken longer without the layer, including
    garbage collection, and ``added_kib`` the memory. ``spent_ns`` is the time that adding the
    records took, and ``statements`` the number of added import statements.
    """

    def __init__(self, layer: Layer, tracer: Tracer) -> None:
        self._layer, self._tracer = layer, tracer
        self._thread = get_ident()
        self._known: set[str] = set()
        self.added_ns = self.added_kib = self.spent_ns = self.statements = 0
        self._collections = 0

    def __contains__(self, name: str) -> bool:
        return name in self._layer.own_ns

    @property
    def facts(self) -> Facts:
        """What the parse would have used in addition without the layer."""
        added_ms = self.added_ns / 1e6
        return {
            "added_ms": added_ms,
            "added_cpu_ms": added_ms * self._layer.cpu_share,
            "added_kib": max(0, self.added_kib),
        }

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
            if target not in self._layer.own_ns or target in self._known:
                continue
            # The DAG file may have put another module in its place.
            if sys.modules.get(target) is self._layer.modules[target]:
                added += self._load(target, parent, line, name_of(namespace), running)
        return added

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
            for step in self._layer.steps[name]:
                inside += self._step(step, here)
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

    def _step(self, step: Step, here: int) -> int:
        kind, record = step
        if kind == LOAD:
            name, line, importer, running = record
            return self._load(name, here, line, importer, running)
        self.statements += 1
        if kind == HIT:
            self._tracer.hits.extend(record)
            return self._follow(record[2:], here, record[0], record[0])
        line, namespace, name, fromlist, level, _, running, is_inside = record
        self._tracer.calls.extend(
            (line, namespace, name, fromlist, level, here, running, is_inside)
        )
        return self._follow((namespace, name, fromlist, level), here, line, running)


def name_of(namespace: object) -> Any:
    """The name of the module with this namespace."""
    return namespace.get("__name__") if isinstance(namespace, dict) else None
