"""The plan of changes. The change with the largest saving comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from dagprof.analyse.fleet.values import FASTER_MS, NEAR_SHARE, SMALLEST_MS, Change, Plan, Step
from dagprof.analyse.fleet.view import FileView
from dagprof.model import Need, Place


class Planner:
    """Selects changes with a greedy algorithm. ``describe`` computes all values of a change, and
    runs only for selected changes. ``texts`` has the statements of calls that some DAG file did not
    need; equal texts can form one step.
    """

    def __init__(
        self,
        total_ms: float,
        by_place: dict[Place, list[FileView]],
        texts: dict[Place, str],
        describe: Callable[[Place], Change],
        *,
        takes_untried: bool,
    ) -> None:
        self._total_ms, self._by_place, self._describe = total_ms, by_place, describe
        self._texts, self._takes_untried = texts, takes_untried
        self._chosen: list[Place] = []
        self._saved: dict[str, float] = {}

    def plan(self, length: int) -> Plan:
        """A plan of at most ``length`` steps, with the floor: the total time without all movable
        statements. Call this method only once.
        """
        movable = self._movable()
        self._freed_by = {place: found for place in movable if (found := self._needed_by(place))}
        gains = {place: self._gain((place,)) for place in movable}
        tried = {place: gain for place, gain in gains.items() if self._is_tried(place)}
        promising = sum(gain >= SMALLEST_MS for place, gain in gains.items() if place not in tried)
        left = gains if self._takes_untried else tried
        everything = list(left)
        steps: list[Step] = []
        total = self._total_ms
        while (ready := self._ready(left)) and len(steps) < length:
            best = self._best(ready, left)
            places = self._same_calls(ready, left)
            if sum(left[place] for place in places) <= max(left[best], SMALLEST_MS):
                places = [best] if left[best] >= SMALLEST_MS else self._together(ready)
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

    def _best(self, places: Sequence[Place], gains: dict[Place, float]) -> Place:
        """The statement that adds the largest saving. If several statements add nearly the same
        saving, a call comes before an import. After the call is removed, imports that only this
        call needs can also be removed.
        """
        largest = max(gains[place] for place in places)
        enough = largest - max(SMALLEST_MS, NEAR_SHARE * largest)
        return max(
            (place for place in places if gains[place] >= enough),
            key=lambda place: (self._is_call(place), gains[place], place),
        )

    def _same_calls(self, places: Iterable[Place], gains: dict[Place, float]) -> list[Place]:
        """The call that stands in several DAG files and saves the most in all of them, the largest
        saving first. The savings of different files do not overlap.
        """
        groups: dict[str, list[Place]] = {}
        for place in places:
            if text := self._texts.get(place):
                groups.setdefault(text, []).append(place)
        best = max(
            groups.values(), key=lambda group: sum(gains[place] for place in group), default=[]
        )
        return sorted(best, key=lambda place: (-gains[place], place)) if len(best) > 1 else []

    def _is_call(self, place: Place) -> bool:
        return any(
            view.trials[place].called for view in self._by_place[place] if place in view.trials
        )

    def _ready(self, places: Iterable[Place]) -> list[Place]:
        """The statements that can be removed now. Nothing needs these statements except calls that
        are already selected.
        """
        chosen = set(self._chosen)
        return [place for place in places if self._freed_by.get(place, frozenset()) <= chosen]

    def _is_tried(self, place: Place) -> bool:
        """Whether an experiment removed the statement, or the same call in another file."""
        is_known = any(place in view.trials for view in self._by_place[place])
        return is_known or place in self._texts

    def _movable(self) -> list[Place]:
        """Statements that may save time, alone or with others. Statements that an experiment found
        to be needed do not count.
        """
        return [
            place
            for place, views in self._by_place.items()
            if all(
                view.trials[place].need is Need.NOT_NEEDED or view.freed_by(place)
                for view in views
                if place in view.trials
            )
            and sum(view.behind_ms(place) for view in views) >= SMALLEST_MS
        ]

    def _needed_by(self, place: Place) -> frozenset[Place]:
        """The calls that must be removed before this statement."""
        return frozenset[Place]().union(*(view.freed_by(place) for view in self._by_place[place]))

    def _views(self, places: Iterable[Place]) -> list[FileView]:
        return list({id(view): view for place in places for view in self._by_place[place]}.values())

    def _gain(self, places: Sequence[Place]) -> float:
        """The saving that these statements add to the selected changes."""
        wider = [*self._chosen, *places]
        return sum(
            view.saving_ms(wider) - self._saved.get(view.path, 0.0) for view in self._views(places)
        )

    def _together(self, places: list[Place]) -> list[Place]:
        """A smallest set of statements that saves as much as all remaining statements. Each of
        these statements saves time only together with the others.

        The planner drops each statement whose contribution to the set is smaller than the minimum
        of a step. The planner first tries to drop the lines that few files execute.
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
        """Recompute the statements that share a file with the selected statements. All other values
        stay the same.
        """
        for place in places:
            left.pop(place, None)
        for place in {other for view in self._views(places) for other in view.statements}:
            if place in left:
                left[place] = self._gain((place,))
