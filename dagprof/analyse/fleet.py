"""Over all files: what each change in one place would give back, the plan of changes, and the floor.

A change takes one import statement of the user's code out of what is run at parse time. The saving of a set of changes in a
file is what the import graph says falls away with all of them; where an experiment proved it, for exactly this set, the
proved figure stands instead and is marked as such. Changes that an experiment showed to be needed are never proposed.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterable
from typing import NamedTuple

from dagprof.analyse.loads import group
from dagprof.attribution.candidates import place_of
from dagprof.attribution.graph import ImportGraph, Node, Statement
from dagprof.attribution.scale import saving_ms
from dagprof.model import FileResult, Need, Place, Run

SMALLEST_MS = 5.0
PLAN_LENGTH = 20


class Evidence(NamedTuple):
    """How far the files that a change concerns were tried: shown not to need it, shown to need it, not tried."""

    not_needed: int
    needed: int
    untried: int

    @property
    def is_needed(self) -> bool:
        return self.needed > 0

    @property
    def word(self) -> str:
        """``proved``, ``needed``, ``estimated``, or ``partly proved``."""
        if self.needed:
            return "needed"
        if not self.untried:
            return "proved"
        return "partly proved" if self.not_needed else "estimated"


class Change(NamedTuple):
    """One import statement, and what moving it would give back over all files: alone, in ms of parse time per loop.

    ``proved_ms`` is the part of ``saving_ms`` that experiments measured.
    """

    place: Place
    loads: tuple[str, ...]
    saving_ms: float
    proved_ms: float
    files: int
    modules: int
    memory_kib: int
    evidence: Evidence
    reason: str
    cautions: tuple[str, ...]


class Step(NamedTuple):
    """A change of the plan, what it adds given those before it, and the total parse time after it, in ms."""

    change: Change
    adds_ms: float
    total_ms: float
    files: int


class Plan(NamedTuple):
    """The changes in the order in which they give back most; ``floor_ms`` is the total with everything movable moved."""

    before_ms: float
    steps: tuple[Step, ...]
    floor_ms: float
    files_touched: int
    files_faster: int

    @property
    def after_ms(self) -> float:
        return self.steps[-1].total_ms if self.steps else self.before_ms


class FileView:
    """One traced file: its graph, its statements by place, and what experiments showed."""

    def __init__(self, run: Run, file: FileResult) -> None:
        assert file.trace is not None
        self.file = file
        self.graph = ImportGraph(file.trace, run.modules, run.import_sets)
        self.statements: dict[Place, Statement] = {}
        for statement in self.graph.statements():
            if self.graph.is_users(statement) and statement.line > 0:
                self.statements[place_of(statement, run.modules, file, run.root)] = statement
        self._proved = {
            frozenset(experiment.without): experiment.proved_ms
            for experiment in file.experiments
            if experiment.is_proof
        }
        self.needs = {
            experiment.without[0]: experiment for experiment in file.experiments if len(experiment.without) == 1
        }

    def saving_ms(self, places: Collection[Place]) -> float:
        """What the parse of this file would save without these statements, proved where exactly these were tried."""
        here = frozenset(place for place in places if place in self.statements)
        if not here:
            return 0.0
        if here in self._proved:
            return min(self._proved[here], self.file.parse_ms)
        nodes: set[Node] = {self.statements[place] for place in here}
        return min(saving_ms(self.file, self.graph.saving_us(nodes)), self.file.parse_ms)

    def is_proved(self, places: Collection[Place]) -> bool:
        """Whether an experiment timed exactly the statements that this file has of these."""
        return frozenset(place for place in places if place in self.statements) in self._proved


class Fleet:
    """The questions that concern all files of a Run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.views = [FileView(run, file) for file in run.files if file.trace is not None and file.is_timed]
        self._by_place: dict[Place, list[FileView]] = {}
        for view in self.views:
            for place in view.statements:
                self._by_place.setdefault(place, []).append(view)

    def changes(self) -> list[Change]:
        """Every import statement of the user's code that would give back something alone, the largest saving first."""
        found = [self._change(place, views) for place, views in self._by_place.items()]
        kept = [change for change in found if change.saving_ms >= SMALLEST_MS]
        return sorted(kept, key=lambda change: (-change.saving_ms, change.place))

    def _change(self, place: Place, views: list[FileView]) -> Change:
        savings = {view.file.path: view.saving_ms((place,)) for view in views}
        proved = sum(savings[view.file.path] for view in views if view.is_proved((place,)))
        largest = max(views, key=lambda view: savings[view.file.path])
        statement = largest.statements[place]
        kept = largest.graph.reached({statement})
        experiments = [view.needs[place] for view in views if place in view.needs]
        needed = next((e for e in experiments if e.need in (Need.RAISES, Need.CHANGES_DAGS)), None)
        memory = [statistics.median(e.memory_kib) for e in experiments if e.memory_kib]
        return Change(
            place=place,
            loads=tuple(self.run.modules[module].name for module in largest.graph.targets(statement)),
            saving_ms=sum(savings.values()),
            proved_ms=proved,
            files=sum(ms >= 1.0 for ms in savings.values()),
            modules=len(largest.graph.cost_us) - len(kept),
            memory_kib=int(statistics.median(memory)) if memory else 0,
            evidence=_evidence(experiments, len(views)),
            reason=needed.reason if needed else "",
            cautions=tuple(dict.fromkeys(text for e in experiments for text in e.cautions)),
        )

    def packages(self, names: Iterable[str], by: str = "distribution") -> dict[str, float]:
        """What all files would save together if nothing of a package were loaded, in ms: the true cost of having it."""
        wanted = set(names)
        totals = dict.fromkeys(wanted, 0.0)
        keys = [group(module, by) for module in self.run.modules]
        for view in self.views:
            own: dict[str, set[Node]] = {}
            for module in view.graph.cost_us:
                if keys[module] in wanted:
                    own.setdefault(keys[module], set()).add(module)
            for name, nodes in own.items():
                totals[name] += saving_ms(view.file, view.graph.saving_us(nodes))
        return totals

    def plan(self, length: int = PLAN_LENGTH) -> Plan:
        """Greedy: each time the change that adds most to those before it, needed ones left out."""
        before = self.run.total_parse_ms
        changes = {change.place: change for change in self._movable()}
        chosen: list[Place] = []
        saved: dict[str, float] = {}
        steps: list[Step] = []
        total = before
        gains = {place: self._gain(place, chosen, saved) for place in changes}
        while gains and len(steps) < length:
            place = self._best(gains, chosen, saved)
            adds = gains.pop(place)
            if adds < SMALLEST_MS:
                break
            chosen.append(place)
            faster = self._apply(place, chosen, saved)
            total -= adds
            steps.append(Step(changes[place], adds, total, faster))
        return Plan(
            before_ms=before,
            steps=tuple(steps),
            floor_ms=before - sum(view.saving_ms(list(changes)) for view in self.views),
            files_touched=len({place.file for place in chosen}),
            files_faster=sum(ms >= 1.0 for ms in saved.values()),
        )

    def _movable(self) -> list[Change]:
        """Statements that no experiment showed to be needed, also those that only help together with others."""
        found = []
        for place, views in self._by_place.items():
            needs = [view.needs[place].need for view in views if place in view.needs]
            if any(need is not Need.NOT_NEEDED for need in needs):
                continue
            if any(saving_ms(v.file, v.graph.behind_us(v.statements[place])) >= SMALLEST_MS for v in views):
                found.append(self._change(place, views))
        return found

    def _gain(self, place: Place, chosen: list[Place], saved: dict[str, float]) -> float:
        """What a change adds; where it adds nothing alone, its share of what it would add with the others that lead there."""
        return sum(view.saving_ms([*chosen, place]) - saved.get(view.file.path, 0.0) for view in self._by_place[place])

    def _best(self, gains: dict[Place, float], chosen: list[Place], saved: dict[str, float]) -> Place:
        """The largest gain; gains only shrink or need a partner, so those that look best are computed again."""
        while True:
            place = max(gains, key=lambda key: (gains[key], key))
            now = self._gain(place, chosen, saved)
            if now >= gains[place] - 0.001:
                gains[place] = now
                return place
            gains[place] = now

    def _apply(self, place: Place, chosen: list[Place], saved: dict[str, float]) -> int:
        faster = 0
        for view in self._by_place[place]:
            now = view.saving_ms(chosen)
            faster += now - saved.get(view.file.path, 0.0) >= 1.0
            saved[view.file.path] = now
        return faster


def _evidence(experiments: Iterable[object], files: int) -> Evidence:
    needs = [experiment.need for experiment in experiments]  # type: ignore[attr-defined]
    not_needed = sum(need is Need.NOT_NEEDED for need in needs)
    needed = sum(need in (Need.RAISES, Need.CHANGES_DAGS) for need in needs)
    return Evidence(not_needed, needed, files - not_needed - needed)
