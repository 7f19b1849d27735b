"""Sums over all files: the saving of each change, the plan, and the cost of distributions."""

from __future__ import annotations

import statistics

from dagprof.analyse.fleet.graphs import Graphs
from dagprof.analyse.fleet.planner import Planner
from dagprof.analyse.fleet.values import FASTER_MS, SMALLEST_MS, Change, Plan
from dagprof.analyse.fleet.view import FileView
from dagprof.analyse.loads import group
from dagprof.analyse.savings import alone_by_group
from dagprof.model import Need, Place, Run


class Fleet:
    """All files of a Run together, with their savings.

    ``distributions`` holds the real cost of each distribution in ms. This is the time that all
    files would save if they loaded no module of the distribution.
    """

    def __init__(self, run: Run) -> None:
        self._total_ms = run.total_own_ms
        graphs = self._graphs = Graphs(run)
        partial = {e.without[0] for file in run.files for e in file.experiments if e.names}
        keys = [group(module, "distribution") for module in run.modules]
        self.distributions: dict[str, float] = {}
        self.views: list[FileView] = []
        for file in run.files:
            graph = graphs.of(file)
            if graph is not None and file.is_timed:
                self.views.append(FileView(run, file, graph, graphs.texts, partial))
                for name, ms in alone_by_group(file, graph, keys).items():
                    self.distributions[name] = self.distributions.get(name, 0.0) + ms
        self._plans: dict[tuple[int, bool], Plan] = {}
        self._by_place: dict[Place, list[FileView]] = {}
        for view in self.views:
            for place in view.statements:
                self._by_place.setdefault(place, []).append(view)
        self._texts = {place: text for view in self.views for place, text in view.texts.items()}

    def changes(self) -> list[Change]:
        """Each import statement or call of the user's code whose removal alone would save time. The
        largest saving comes first.
        """
        saved = {
            place: sum(view.saving_ms((place,)) for view in views)
            for place, views in self._by_place.items()
        }
        found = [self._change(place) for place, ms in saved.items() if ms >= SMALLEST_MS]
        return sorted(found, key=lambda change: (-change.saving_ms, change.place))

    def needed(self) -> list[Change]:
        """The changes whose statement at least one file needs, as an experiment found."""
        tried = {
            place for views in self._by_place.values() for view in views for place in view.trials
        }
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
        needed = [view.trials[place] for view in views if view.needs(place)]
        freed_by = frozenset[Place]().union(*(view.freed_by(place) for view in views if not needed))
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
            untried=len(views) - len(trials),
            reason=needed[0].reason if needed else "",
            cautions=tuple(dict.fromkeys(text for trial in trials for text in trial.cautions)),
            in_function=asked.in_function,
            executors=asked.executors,
            is_star=any(trial.has_star for trial in trials),
            used_in=tuple(dict.fromkeys(place for trial in trials for place in trial.used_in)),
            is_unused=any(trial.is_unused for trial in trials),
            in_hints=any(trial.in_hints for trial in trials),
            freed_by=tuple(sorted(freed_by)),
            called=next((trial.called for trial in trials if trial.called), self._called(place)),
            assigned=next((trial.assigned for trial in trials if trial.assigned), ()),
            is_kept=any(trial.kept for trial in trials),
            names=next((trial.names for trial in trials if trial.names), ()),
            needed_at=next((trial.reason for trial in trials if trial.kept), ""),
        )

    def _called(self, place: Place) -> str:
        """The function of a call that was tested only in another file; empty for an import."""
        return self._graphs.texts.get(self._texts.get(place, ""), "")

    def plan(self, length: int = 20, *, untried: bool = False) -> Plan:
        """The plan. Each step is the change that adds the largest saving to the previous steps.
        ``length`` limits the number of steps.

        The plan omits lines that no experiment has tested, because a file needs most of its
        top-level imports. ``untried`` counts these lines.
        """
        if (length, untried) not in self._plans:
            planner = Planner(
                self._total_ms,
                self._by_place,
                self._texts,
                self._change,
                takes_untried=untried,
            )
            self._plans[length, untried] = planner.plan(length)
        return self._plans[length, untried]
