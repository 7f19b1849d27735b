"""A layer: modules of installed distributions that a worker has imported before it forks parses.

Each parse finds these modules loaded, and so does not pay for them. When a traced parse reaches a
module of the layer for the first time, the tracer adds the loads that the parse would have made,
with the times that the modules took when the layer was surveyed. The trace then looks like one of
a parse without a layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Sequence

from ...system.clocks import perf_counter_ns
from . import tracing
from .importing import targets

if TYPE_CHECKING:
    from typing import List, Tuple

    # An import statement of a module, or a load during one: the kind, and the record of the tracer.
    Step = Tuple[int, Tuple[Any, ...]]

    _Records = List[Any]
else:
    _Records = list

_LOAD, _HIT, _CALL = range(3)


class _Noting(_Records):
    """A flat list of records that notes the place of each new record."""

    def __init__(self, note: Callable[[int], object]) -> None:
        super().__init__()
        self._note = note

    def extend(self, record: Any) -> None:
        self._note(len(self))
        super().extend(record)


class Recording:
    """Records what each module of a layer imports, in order. Use it as a context manager."""

    def __init__(self) -> None:
        self.tracer = tracing.ImportTracer()
        self._order: list[tuple[int, int]] = []
        order = self._order
        self.tracer.loads = _Noting(lambda place: order.append((_LOAD, place)))
        self.tracer.hits = _Noting(lambda place: order.append((_HIT, place)))
        self.tracer.calls = _Noting(lambda place: order.append((_CALL, place)))

    def __enter__(self) -> Recording:
        self.tracer.install()
        self._order.clear()  # the statements of the calibration
        return self

    def __exit__(self, *_: object) -> None:
        self.tracer.uninstall()

    @property
    def is_complete(self) -> bool:
        """Whether the tracer has kept all records, so that their places are right."""
        return self.tracer.is_complete

    def own_ns(self) -> dict[str, int]:
        """The time of each module's own code. A module that was loaded twice has both times."""
        found: dict[str, int] = {}
        for name, _, elapsed, inside, *_ in _records(self.tracer.loads, tracing.LOAD_FIELDS):
            found[name] = found.get(name, 0) + max(0, elapsed - inside)
        return found

    def steps(self) -> dict[str, list[Step]]:
        """What each module imported while it was loaded, in order."""
        loads = list(_records(self.tracer.loads, tracing.LOAD_FIELDS))
        found: dict[str, list[Step]] = {load[0]: [] for load in loads}
        for kind, place in self._order:
            if kind == _LOAD:
                name, parent, _, _, line, importer, running = loads[place // tracing.LOAD_FIELDS]
                if parent >= 0:
                    around = loads[parent // tracing.LOAD_FIELDS][0]
                    found[around].append((kind, (name, line, importer, running)))
            elif kind == _HIT:
                hit = tuple(self.tracer.hits[place : place + tracing.HIT_FIELDS])
                if (owner := _name_of(hit[2])) in found:
                    found[owner].append((kind, hit))
            else:
                call = tuple(self.tracer.calls[place : place + tracing.CALL_FIELDS])
                if call[5] >= 0:
                    around = loads[call[5] // tracing.LOAD_FIELDS][0]
                    found[around].append((kind, call))
        return found


class Layer:
    """The modules of a layer. ``own_ns`` is the time of each module's own code, and ``collecting``
    the nanoseconds of garbage collection for each of them.
    """

    def __init__(
        self, steps: Mapping[str, Sequence[Step]], own_ns: Mapping[str, int], collecting: float
    ) -> None:
        self.steps, self.collecting = steps, collecting
        self.own_ns = {name: own_ns.get(name, 0) for name in steps}

    def reached_by(self, tracer: tracing.ImportTracer) -> Reached:
        """What one traced parse reaches of this layer."""
        return Reached(self, tracer)


class Reached:
    """The modules of a layer that one traced parse has reached.

    ``added_ns`` is the time that the parse would have taken longer without the layer, including
    garbage collection. ``spent_ns`` is the time that adding the records took, and ``statements``
    the number of added import statements.
    """

    def __init__(self, layer: Layer, tracer: tracing.ImportTracer) -> None:
        self._layer, self._tracer = layer, tracer
        self._known: set[str] = set()
        self.added_ns = self.spent_ns = self.statements = 0

    def __contains__(self, name: str) -> bool:
        return name in self._layer.own_ns

    def by_hit(self, hit: tuple[Any, ...]) -> None:
        """A module of the parse runs an import statement, which the tracer is about to record."""
        tracer = self._tracer
        self._by(hit[2:], hit[0], hit[0] if tracer.top >= 0 else tracer.current_line())

    def by_call(self, call: tuple[Any, ...]) -> None:
        """The same for an import statement in a function, or a call of ``import_module``."""
        self._by(call[1:5], call[0], call[6])

    def _by(self, statement: tuple[Any, ...], line: int, running: int) -> None:
        started = perf_counter_ns()
        tracer = self._tracer
        added = self._follow(statement, tracer.top, line, running)
        if added and tracer.top >= 0:
            tracer.loads[tracer.top + tracing.INSIDE] += added
        self.spent_ns += perf_counter_ns() - started

    def _follow(self, statement: tuple[Any, ...], parent: int, line: int, running: int) -> int:
        """Record what a statement loads. Return its time without garbage collection."""
        namespace, name, fromlist, level = statement
        added = 0
        for target in targets(namespace or {}, name, fromlist, level):
            if target in self._layer.own_ns and target not in self._known:
                added += self._load(target, parent, line, _name_of(namespace), running)
        return added

    def _load(self, name: str, parent: int, line: int, importer: object, running: int) -> int:
        """Record a load, and all loads in it. Return their time without garbage collection."""
        if name in self._known or name not in self._layer.own_ns:
            return 0
        self._known.add(name)
        if not self._tracer.has_room():
            return 0
        loads = self._tracer.loads
        here = len(loads)
        loads.extend((name, parent, 0, 0, line, importer, running))
        # Python loads a package in the load of its module.
        inside = self._load(name.rpartition(".")[0], here, line, importer, running)
        for step in self._layer.steps[name]:
            inside += self._step(step, here)
        own = self._layer.own_ns[name]
        loads[here + tracing.ELAPSED], loads[here + tracing.INSIDE] = own + inside, inside
        collected = int(own * self._layer.collecting)
        self.added_ns += own + collected
        self._tracer.apart.collected_earlier(collected)
        return own + inside

    def _step(self, step: Step, here: int) -> int:
        kind, record = step
        if kind == _LOAD:
            name, line, importer, running = record
            return self._load(name, here, line, importer, running)
        self.statements += 1
        if kind == _HIT:
            self._tracer.hits.extend(record)
            return self._follow(record[2:], here, record[0], record[0])
        line, namespace, name, fromlist, level, _, running, is_inside = record
        self._tracer.calls.extend(
            (line, namespace, name, fromlist, level, here, running, is_inside)
        )
        return self._follow((namespace, name, fromlist, level), here, line, running)


def recorded(
    importing: Callable[[], object], own_ns: Mapping[str, int], collecting: float
) -> Layer | None:
    """Call ``importing``, which imports the modules of a layer, and return the layer. None if there
    were more imports than the tracer keeps.
    """
    with Recording() as recording:
        importing()
    if not recording.is_complete:
        return None
    return Layer(recording.steps(), own_ns, collecting)


def _records(rows: Sequence[Any], fields: int) -> Iterator[tuple[Any, ...]]:
    return zip(*[iter(rows)] * fields)


def _name_of(namespace: object) -> Any:
    return namespace.get("__name__") if isinstance(namespace, dict) else None
