"""The plan: which changes, in which order, save most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from dagprof.analyse.fleet.values import FASTER_MS, NEAR_SHARE, SMALLEST_MS, Change, Plan, Step
from dagprof.analyse.fleet.view import FileView
from dagprof.model import Need, Place


class Planner:
    """Chooses changes greedily. ``describe`` computes the full value of a change, which only chosen
    changes need.
    """

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
        """At most ``length`` steps, and the floor with all movable statements gone. Call it
        once.
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
        """The statement that adds most. Among statements that add nearly the same, it prefers a
        call: imports that only this call needs can go after it.
        """
        largest = max(gains[place] for place in places)
        enough = largest - max(SMALLEST_MS, NEAR_SHARE * largest)
        return max(
            (place for place in places if gains[place] >= enough),
            key=lambda place: (self._is_call(place), gains[place], place),
        )

    def _is_call(self, place: Place) -> bool:
        return any(
            view.trials[place].called for view in self._by_place[place] if place in view.trials
        )

    def _ready(self, places: Iterable[Place]) -> list[Place]:
        """The statements that can go now: nothing needs them but calls that are already chosen."""
        chosen = set(self._chosen)
        return [place for place in places if self._freed_by.get(place, frozenset()) <= chosen]

    def _is_tried(self, place: Place) -> bool:
        return any(place in view.trials for view in self._by_place[place])

    def _movable(self) -> list[Place]:
        """Statements that may save time, alone or with others, and that no experiment showed to be
        needed.
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
        """The calls that have to go before this statement can."""
        return frozenset[Place]().union(*(view.freed_by(place) for view in self._by_place[place]))

    def _views(self, places: Iterable[Place]) -> list[FileView]:
        return list({id(view): view for place in places for view in self._by_place[place]}.values())

    def _gain(self, places: Sequence[Place]) -> float:
        """What these statements add to the changes chosen so far."""
        wider = [*self._chosen, *places]
        return sum(
            view.saving_ms(wider) - self._saved.get(view.path, 0.0) for view in self._views(places)
        )

    def _together(self, places: list[Place]) -> list[Place]:
        """A smallest set of statements that saves as much as all remaining ones. None of them saves
        time without the others.

        The planner drops each statement that adds less to the rest of the set than a step must add.
        It tries the lines that few files run first.
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
        """Recompute only the statements that share a file with the chosen ones. All other values
        stay the same.
        """
        for place in places:
            left.pop(place, None)
        for place in {other for view in self._views(places) for other in view.statements}:
            if place in left:
                left[place] = self._gain((place,))
