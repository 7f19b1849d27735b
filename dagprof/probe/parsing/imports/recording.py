"""Records what the modules of a layer import, what they cost, and in which order they load."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Iterator, List, Sequence

from ...system.usage import rss_kib
from . import tracing
from .importing import targets
from .layer import CALL, HIT, LOAD, Layer, name_of
from .records import CALL_FIELDS, HIT_FIELDS, LOAD_FIELDS

if TYPE_CHECKING:
    from ...protocol.worker import Costs
    from .layer import Step

    _Records = List[Any]
else:
    _Records = list


class _Noting(_Records):
    """A flat list of records that notes the place of each new record."""

    def __init__(self, note: Callable[[int], object]) -> None:
        super().__init__()
        self._note = note

    def extend(self, record: Any) -> None:
        self._note(len(self))
        super().extend(record)


class Recording:
    """Records what each module of a layer imports, in order. Use it as a context manager.

    With ``memory``, it also records how much resident memory each module adds, which takes time.
    """

    def __init__(self, *, memory: bool = False) -> None:
        self.tracer = tracing.ImportTracer(collected=self._note_collection)
        self._order: list[tuple[int, int]] = []
        # The module that ran and the ns of each garbage collection.
        self._collections: list[tuple[int, int]] = []
        self._has_memory, self._last_kib = memory, 0
        self.kib: dict[str, int] = {}
        self.tracer.loads = _Noting(partial(self._note, LOAD))
        self.tracer.hits = _Noting(partial(self._note, HIT))
        self.tracer.calls = _Noting(partial(self._note, CALL))

    def __enter__(self) -> Recording:
        self.tracer.install()
        self._order.clear()  # the statements of the calibration
        self._collections.clear()
        self._last_kib = rss_kib()
        return self

    def __exit__(self, *_: object) -> None:
        self.tracer.uninstall()
        self._note_memory()

    def _note(self, kind: int, place: int) -> None:
        self._order.append((kind, place))
        self._note_memory()

    def _note_memory(self) -> None:
        """Count the memory since the last record for the module that runs, or that ran last."""
        loads = self.tracer.loads
        if self._has_memory and loads:
            top = self.tracer.top
            now_kib, name = rss_kib(), loads[top if top >= 0 else -LOAD_FIELDS]
            self.kib[name] = self.kib.get(name, 0) + now_kib - self._last_kib
            self._last_kib = now_kib

    @property
    def is_complete(self) -> bool:
        """Whether the tracer has kept all records, so that their places are right."""
        return self.tracer.is_complete

    def _note_collection(self, took_ns: int) -> None:
        self._collections.append((self.tracer.top, took_ns))

    @property
    def took_ns(self) -> list[int]:
        """How long each garbage collection took, in order."""
        return [took_ns for _, took_ns in self._collections]

    def collections(self) -> dict[str, int]:
        """How many garbage collections each module's own code caused."""
        found: dict[str, int] = {}
        for top, _ in self._collections:
            if top >= 0:
                name = self.tracer.loads[top]
                found[name] = found.get(name, 0) + 1
        return found

    def own_ns(self) -> dict[str, int]:
        """The time of each module's own code. If a module was loaded twice, the longer time."""
        found: dict[str, int] = {}
        for name, _, elapsed, inside, *_ in _records(self.tracer.loads, LOAD_FIELDS):
            found[name] = max(found.get(name, 0), elapsed - inside, 0)
        return found

    def steps(self) -> dict[str, list[Step]]:
        """What each module imported while it was loaded, in order."""
        loads = list(_records(self.tracer.loads, LOAD_FIELDS))
        found: dict[str, list[Step]] = {load[0]: [] for load in loads}
        for kind, place in self._order:
            if kind == LOAD:
                name, parent, _, _, line, importer, running = loads[place // LOAD_FIELDS]
                if parent >= 0:
                    around = loads[parent // LOAD_FIELDS][0]
                    found[around].append((kind, (name, line, importer, running)))
            elif kind == HIT:
                hit = tuple(self.tracer.hits[place : place + HIT_FIELDS])
                if (owner := name_of(hit[2])) in found:
                    found[owner].append((kind, hit))
            else:
                call = tuple(self.tracer.calls[place : place + CALL_FIELDS])
                if call[5] >= 0:
                    around = loads[call[5] // LOAD_FIELDS][0]
                    found[around].append((kind, call))
        return found

    def behind_ns(self, names: Sequence[str]) -> dict[str, int]:
        """For each of these names, the time of all modules that its import alone would load."""
        own = self.own_ns()
        after = {name: set(_imported(steps)) for name, steps in self.steps().items()}
        found = {}
        for name in names:
            seen: set[str] = set()
            waiting = [name if name in own else name.rpartition(".")[0]]
            while waiting:
                module = waiting.pop()
                if module in own and module not in seen:
                    seen.add(module)
                    waiting += [*after.get(module, ()), module.rpartition(".")[0]]
            found[name] = sum(own[module] for module in seen)
        return found


def _imported(steps: Sequence[Step]) -> Iterator[str]:
    """The modules that a module names or loads while it is loaded."""
    for kind, record in steps:
        if kind == LOAD:
            yield record[0]
        else:
            namespace, name, fromlist, level = record[2:6] if kind == HIT else record[1:5]
            yield from targets(namespace or {}, name, fromlist, level)


def recorded(importing: Callable[[], object], costs: Costs) -> Layer | None:
    """Call ``importing``, which imports the modules of a layer, and return the layer. None if there
    were more imports than the tracer keeps.
    """
    with Recording(memory=True) as recording:
        importing()
    if not recording.is_complete:
        return None
    return Layer(recording.steps(), costs, recording.kib)


def _records(rows: Sequence[Any], fields: int) -> Iterator[tuple[Any, ...]]:
    return zip(*[iter(rows)] * fields)
