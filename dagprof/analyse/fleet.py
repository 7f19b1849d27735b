"""Over all files: what each change in one place would save, the plan of changes, and the floor.

A change takes one import statement of the user's code out of what runs at parse time. What a set of changes saves in a file
is what the import graph says is saved without all of them; where experiments timed parses without exactly that, the proved
figure stands instead. Statements that an experiment showed to be needed are never proposed. All times are without waiting for
a processor, which no change gives back.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from dagprof.analyse.loads import group
from dagprof.analyse.savings import alone_by_group
from dagprof.attribution.candidates import place_of
from dagprof.attribution.graph import ImportGraph, Statement
from dagprof.attribution.reduced import Reduced
from dagprof.attribution.scale import saving_ms
from dagprof.model import Experiment, FileResult, Need, Place, Run

SMALLEST_MS = 5.0
# A file counts as faster from here on.
FASTER_MS = 1.0


class Change(NamedTuple):
    """One import statement, and what it alone would save over all files, in ms of parse time per loop.

    ``proved_ms`` is the part of ``saving_ms`` that experiments measured. ``loads`` names what it asks for; ``chain`` the lines
    by which that was first loaded, from the DAG file's on; ``modules`` and ``memory_kib`` are those of the file in which it
    matters most. ``not_needed``, ``needed`` and ``untried`` count files; ``reason`` says what needed it. ``in_function`` and
    ``is_star`` say what kind of statement it is, ``used_in``, ``is_unused`` and ``in_hints`` who
    else takes its names, and whether nobody does, or type hints only.
    """

    place: Place
    loads: tuple[str, ...]
    chain: tuple[Place, ...]
    saving_ms: float
    proved_ms: float
    files: int
    modules: int
    memory_kib: int
    not_needed: int
    needed: int
    untried: int
    reason: str
    cautions: tuple[str, ...]
    in_function: bool = False
    is_star: bool = False
    used_in: tuple[Place, ...] = ()
    is_unused: bool = False
    in_hints: bool = False

    @property
    def evidence(self) -> str:
        """``needed``, ``proved``, ``partly proved`` or ``estimated``."""
        if self.needed:
            return "needed"
        if self.proved_ms >= self.saving_ms - SMALLEST_MS and self.proved_ms > 0 and not self.untried:
            return "proved"
        return "partly proved" if self.proved_ms >= FASTER_MS else "estimated"


class Step(NamedTuple):
    """Changes of the plan that belong together, what they add to those before, the total after them in ms, files faster.

    ``proved_ms`` is the part of ``adds_ms`` in files where experiments timed exactly these and the earlier changes.
    """

    changes: tuple[Change, ...]
    adds_ms: float
    proved_ms: float
    total_ms: float
    files: int

    @property
    def evidence(self) -> str:
        """``proved``, ``partly proved`` or ``estimated``."""
        if self.proved_ms >= self.adds_ms - SMALLEST_MS:
            return "proved"
        return "partly proved" if self.proved_ms >= FASTER_MS else "estimated"


class Plan(NamedTuple):
    """The steps in the order in which they give back most; ``floor_ms`` is the total with all moved
    that was tried and is not needed.

    ``untried`` counts lines that would save something and that no experiment has tried.
    """

    before_ms: float
    steps: tuple[Step, ...]
    floor_ms: float
    files_faster: int
    untried: int = 0

    @property
    def after_ms(self) -> float:
        """Total parse time after the last step."""
        return self.steps[-1].total_ms if self.steps else self.before_ms

    @property
    def files_touched(self) -> int:
        """How many source files the changes are in."""
        return len({change.place.file for step in self.steps for change in step.changes})


class Asked(NamedTuple):
    """The modules that a statement asks for, the user's statements by which they were first loaded, and whether it is called."""

    modules: tuple[str, ...]
    chain: tuple[Place, ...]
    in_function: bool


class FileView:
    """One traced file: its reduced graph, its statements by place, and what experiments showed."""

    def __init__(self, run: Run, file: FileResult, graph: ImportGraph) -> None:
        self.path, self._own_ms = file.path, file.own_ms
        self._per_us = saving_ms(file, 1.0)
        self._reduced = Reduced(graph)
        self.statements: dict[Place, Statement] = {
            place_of(statement, run.modules, file, run.root): statement for statement in self._reduced.statements
        }
        self._run, self._file = run, file
        self._memory = _memory(run, file)
        self._proved = self._proofs(file.experiments)
        self.trials: dict[Place, Experiment] = {e.without[0]: e for e in file.experiments if len(e.without) == 1}

    def asked_for(self, place: Place) -> Asked:
        """What a statement asks for, and by which way.

        Rebuilds the graph: few are requested, and the graphs of 10,000 files would fill the memory.
        """
        assert self._file.trace is not None
        graph = ImportGraph(self._file.trace, self._run.modules, self._run.import_sets)
        statement = self.statements[place]
        targets = graph.targets(statement)
        names = _innermost([self._run.modules[module].name for module in targets])
        return Asked(names, _chain(graph, targets, self._run, self._file), graph.is_in_function(statement))

    def _here(self, places: Collection[Place]) -> frozenset[Place]:
        return frozenset(place for place in places if place in self.statements)

    def _proofs(self, experiments: Iterable[Experiment]) -> dict[int, float]:
        """Median savings by what falls away; experiments that lose the same modules are rounds of one."""
        rounds: dict[int, list[float]] = {}
        for experiment in experiments:
            if experiment.is_proof and len(self._here(experiment.without)) == len(experiment.without):
                rounds.setdefault(self._lost(experiment.without), []).extend(experiment.saving_ms)
        return {lost: statistics.median(savings) for lost, savings in rounds.items()}

    def _lost(self, places: Collection[Place]) -> int:
        return self._reduced.lost([self.statements[place] for place in self._here(places)])

    def is_proved(self, places: Collection[Place]) -> bool:
        """Whether experiments timed parses that lost exactly what goes with these statements."""
        return self._lost(places) in self._proved

    def saving_ms(self, places: Collection[Place]) -> float:
        """What the parse of this file would save without these statements; proved where a parse without the same was timed."""
        lost = self._lost(places)
        if not lost:
            return 0.0
        saved = self._proved[lost] if lost in self._proved else self._estimate(lost)
        return max(0.0, min(saved, self._own_ms))

    def estimated_ms(self, places: Collection[Place]) -> float:
        """The same from the graph alone."""
        return self._estimate(self._lost(places))

    def _estimate(self, lost: int) -> float:
        return self._reduced.sums(lost)[0] * self._per_us

    def memory_kib(self, place: Place) -> int:
        """What a statement added to the process in the tracing pass, in KiB of anonymous memory."""
        return self._memory.get(self.statements[place], 0)

    def modules(self, place: Place) -> int:
        """How many modules only one statement leads to."""
        return self._reduced.falls_away([self.statements[place]])[1]

    def behind_ms(self, place: Place) -> float:
        """The most that a statement could save, if all others that lead to the same went too."""
        return self._reduced.behind_us(self.statements[place]) * self._per_us


class Fleet:
    """The questions that concern all files of a Run.

    ``distributions`` holds what all files would save if nothing of one were loaded, its true cost, in ms.
    """

    def __init__(self, run: Run) -> None:
        self._total_ms = run.total_own_ms
        keys = [group(module, "distribution") for module in run.modules]
        self.distributions: dict[str, float] = {}
        self.views: list[FileView] = []
        for file in run.files:
            if file.trace is not None and file.is_timed:
                graph = ImportGraph(file.trace, run.modules, run.import_sets)
                self.views.append(FileView(run, file, graph))
                for name, ms in alone_by_group(file, graph, keys).items():
                    self.distributions[name] = self.distributions.get(name, 0.0) + ms
        self._plans: dict[tuple[int, bool], Plan] = {}
        self._by_place: dict[Place, list[FileView]] = {}
        for view in self.views:
            for place in view.statements:
                self._by_place.setdefault(place, []).append(view)

    def changes(self) -> list[Change]:
        """Every import statement of the user's code that would save something alone, the largest saving first."""
        saved = {place: sum(view.saving_ms((place,)) for view in views) for place, views in self._by_place.items()}
        found = [self._change(place) for place, ms in saved.items() if ms >= SMALLEST_MS]
        return sorted(found, key=lambda change: (-change.saving_ms, change.place))

    def needed(self) -> list[Change]:
        """Those of ``changes`` that an experiment found something to need."""
        tried = {place for views in self._by_place.values() for view in views for place in view.trials}
        found = [self._change(place) for place in tried if place in self._by_place]
        shown = [change for change in found if change.needed and change.saving_ms >= SMALLEST_MS]
        return sorted(shown, key=lambda change: (-change.saving_ms, change.place))

    def _change(self, place: Place) -> Change:
        views = self._by_place[place]
        savings = [view.saving_ms((place,)) for view in views]
        proved = [ms for view, ms in zip(views, savings, strict=True) if view.is_proved((place,))]
        main = views[savings.index(max(savings))]
        asked = main.asked_for(place)
        trials = [view.trials[place] for view in views if place in view.trials]
        needed = [trial for trial in trials if trial.need in (Need.RAISES, Need.CHANGES_DAGS)]
        memory = [statistics.median(trial.memory_kib) for trial in trials if trial.memory_kib]
        not_needed = sum(trial.need is Need.NOT_NEEDED for trial in trials)
        return Change(
            place=place,
            loads=asked.modules,
            chain=asked.chain,
            saving_ms=sum(savings),
            proved_ms=sum(proved),
            files=sum(ms >= FASTER_MS for ms in savings),
            modules=main.modules(place),
            memory_kib=int(statistics.median(memory)) if memory else main.memory_kib(place),
            not_needed=not_needed,
            needed=len(needed),
            untried=len(views) - not_needed - len(needed),
            reason=needed[0].reason if needed else "",
            cautions=tuple(dict.fromkeys(text for trial in trials for text in trial.cautions)),
            in_function=asked.in_function,
            is_star=any(trial.has_star for trial in trials),
            used_in=tuple(dict.fromkeys(place for trial in trials for place in trial.used_in)),
            is_unused=any(trial.is_unused for trial in trials),
            in_hints=any(trial.in_hints for trial in trials),
        )

    def plan(self, length: int = 20, *, untried: bool = False) -> Plan:
        """Greedy: each time what adds most to the changes before it. ``length`` bounds the number of steps.

        Lines that no experiment has tried are left out, since most imports at the top are needed there; ``untried`` takes
        them in.
        """
        if (length, untried) not in self._plans:
            planner = _Planner(self._total_ms, self._by_place, self._change, takes_untried=untried)
            self._plans[length, untried] = planner.plan(length)
        return self._plans[length, untried]


class _Planner:
    def __init__(
        self,
        total_ms: float,
        by_place: dict[Place, list[FileView]],
        describe: Callable[[Place], Change],
        *,
        takes_untried: bool,
    ) -> None:
        self._total_ms, self._by_place, self._describe = total_ms, by_place, describe
        self._takes_untried = takes_untried
        self._chosen: list[Place] = []
        self._saved: dict[str, float] = {}

    def plan(self, length: int) -> Plan:
        movable = self._movable()
        gains = {place: self._gain((place,)) for place in movable}
        tried = {place: gain for place, gain in gains.items() if self._is_tried(place)}
        promising = sum(gain >= SMALLEST_MS for place, gain in gains.items() if place not in tried)
        left = gains if self._takes_untried else tried
        everything = list(left)
        steps: list[Step] = []
        total = self._total_ms
        while left and len(steps) < length:
            best = max(left, key=lambda place: (left[place], place))
            places = [best] if left[best] >= SMALLEST_MS else self._together(list(left))
            if not places:
                break
            step = self._take(places, total)
            if step.adds_ms < SMALLEST_MS:
                break
            total = step.total_ms
            steps.append(step)
            self._refresh(places, left)
        floor = self._total_ms - sum(view.saving_ms(everything) for view in self._views(everything))
        faster = sum(ms >= FASTER_MS for ms in self._saved.values())
        return Plan(self._total_ms, tuple(steps), min(floor, total), faster, promising)

    def _is_tried(self, place: Place) -> bool:
        return any(place in view.trials for view in self._by_place[place])

    def _movable(self) -> list[Place]:
        """Statements that may matter, alone or with others, and that no experiment showed to be needed."""
        return [
            place
            for place, views in self._by_place.items()
            if all(view.trials[place].need is Need.NOT_NEEDED for view in views if place in view.trials)
            and sum(view.behind_ms(place) for view in views) >= SMALLEST_MS
        ]

    def _views(self, places: Iterable[Place]) -> list[FileView]:
        return list({id(view): view for place in places for view in self._by_place[place]}.values())

    def _gain(self, places: Sequence[Place]) -> float:
        """What these add to the changes chosen so far."""
        wider = [*self._chosen, *places]
        return sum(view.saving_ms(wider) - self._saved.get(view.path, 0.0) for view in self._views(places))

    def _together(self, places: list[Place]) -> list[Place]:
        """A smallest set that gives back what all that is left would: none of them helps without the others.

        What adds no more than a step would have to, beside the rest, is left out; lines that few files run go first.
        """
        gain = self._gain(places)
        for place in sorted(places, key=lambda place: (len(self._by_place[place]), place)):
            fewer = [other for other in places if other != place]
            less = self._gain(fewer) if fewer else 0.0
            if less > gain - SMALLEST_MS:
                places, gain = fewer, less
        return places if gain >= SMALLEST_MS else []

    def _take(self, places: Sequence[Place], total_ms: float) -> Step:
        self._chosen += places
        adds = proved = 0.0
        faster = 0
        for view in self._views(places):
            now = view.saving_ms(self._chosen)
            gained = now - self._saved.get(view.path, 0.0)
            self._saved[view.path] = now
            adds += gained
            proved += gained if view.is_proved(self._chosen) else 0.0
            faster += gained >= FASTER_MS
        changes = tuple(self._describe(place) for place in places)
        return Step(changes, adds, proved, total_ms - adds, faster)

    def _refresh(self, places: Sequence[Place], left: dict[Place, float]) -> None:
        """Only what shares a file with the chosen ones is worth something else now."""
        for place in places:
            left.pop(place, None)
        for place in {other for view in self._views(places) for other in view.statements}:
            if place in left:
                left[place] = self._gain((place,))


def _memory(run: Run, file: FileResult) -> dict[Statement, int]:
    rows = file.trace.memory if file.trace else ()
    return {Statement(row.importer, row.line): row.grown_kib for row in rows}


def _chain(graph: ImportGraph, targets: Sequence[int], run: Run, file: FileResult) -> tuple[Place, ...]:
    found = graph.chain(targets[0]) if targets else []
    return tuple(place_of(one, run.modules, file, run.root) for one in found if one.line > 0 and graph.is_users(one))


def _innermost(names: Sequence[str]) -> tuple[str, ...]:
    """The names without the packages that others of them lie in."""
    return tuple(name for name in names if not any(other.startswith(f"{name}.") for other in names))
