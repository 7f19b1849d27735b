"""What preloading saves over all files, beside the plan."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Set
from typing import NamedTuple

from dagprof.analyse.fleet import Graphs, Plan
from dagprof.attribution.candidates import place_of, shown_path
from dagprof.attribution.scale import saving_ms
from dagprof.model import FileResult, Origin, Place, PreloadedPackage, Run

# The minimum saving at which a file counts as faster.
FASTER_MS = 1.0


class Preload(NamedTuple):
    """The packages to preload, and the packages that must not be preloaded.

    ``saving_ms`` is the saving in one parse loop. dagprof measured ``measured`` of the ``files``
    that become faster, and estimated the others from their import graphs. ``after_plan_ms`` is what
    remains of the saving after all steps of the plan, and ``plan_after_ms`` is what remains of the
    saving of the plan after preloading. ``manager_kib`` is the memory that preloading costs the DAG
    processor once; ``parse_kib`` is the median of the memory that a parse saves.
    """

    packages: tuple[PreloadedPackage, ...]
    unsafe: tuple[PreloadedPackage, ...]
    saving_ms: float
    files: int
    measured: int
    after_plan_ms: float
    plan_after_ms: float
    manager_kib: int
    parse_kib: int

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules to import."""
        return tuple(name for package in self.packages for name in package.modules)


def preload(run: Run, plan: Plan) -> Preload | None:
    """The saving of preloading; None if dagprof did not examine preloading."""
    found = run.preloading
    if found is None:
        return None
    unsafe = tuple(package for package in found.packages if not package.is_safe)
    changes = {change.place for step in plan.steps for change in step.changes}
    measured = {file.path: file.median_ms for file in found.files}
    names = frozenset(found.loaded)
    loaded = {place for place, module in enumerate(run.modules) if module.name in names}
    after = _AfterPlan(run, changes)
    saved: dict[str, float] = {}
    left_ms = 0.0
    for file in run.files:
        if file.trace is None or not file.is_timed:
            continue
        loads = file.trace.loads
        load_us = sum(
            us for place, us in zip(loads.module, loads.self_us, strict=True) if place in loaded
        )
        estimated = load_us * saving_ms(file, 1.0)
        saved[file.path] = max(0.0, measured.get(file.path, estimated))
        if load_us:
            left_ms += saved[file.path] * after.load_us(file, loaded, load_us) / load_us
    total = sum(saved.values())
    planned = plan.before_ms - plan.after_ms
    memory = [file.median_kib for file in found.files]
    return Preload(
        packages=found.safe,
        unsafe=unsafe,
        saving_ms=total,
        files=sum(ms >= FASTER_MS for ms in saved.values()),
        measured=len(measured),
        after_plan_ms=left_ms,
        plan_after_ms=max(0.0, planned + left_ms - total),
        manager_kib=found.rss_kib,
        parse_kib=round(statistics.median(memory)) if memory else 0,
    )


class _AfterPlan:
    """The parses after the changes of the plan."""

    def __init__(self, run: Run, changes: Collection[Place]) -> None:
        self._run, self._changes = run, changes
        self._graphs = Graphs(run)
        self._files = {place.file for place in changes}
        # The modules whose source the plan changes.
        self._modules = {
            place
            for place, module in enumerate(run.modules)
            if module.origin is Origin.USER and shown_path(module.file, run.root) in self._files
        }

    def load_us(self, file: FileResult, loaded: Set[int], before_us: int) -> int:
        """The time of the modules ``loaded`` that the parse of a file still loads. ``before_us`` is
        their time before the changes.
        """
        assert file.trace is not None
        is_changed = file.path in self._files or not self._modules.isdisjoint(
            file.trace.loads.module
        )
        graph = self._graphs.of(file) if is_changed else None
        if graph is None:
            return before_us
        without = [
            statement
            for statement in graph.statements()
            if graph.is_changeable(statement)
            and place_of(statement, self._run.modules, file, self._run.root) in self._changes
        ]
        return graph.remaining_us(without, loaded & graph.cost_us.keys())
