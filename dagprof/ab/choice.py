"""Chooses the DAG files that an A/B run measures, if the change reaches more than it can measure.
A sample of the files that reach the change in different ways then stands for all of them.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from typing import NamedTuple


class Choice(NamedTuple):
    """DAG files in the order in which they are traced, and how many of them to measure.

    ``own`` files changed themselves. ``others`` may reach what changed. ``most`` is the number of
    files to measure; None for all of them. All ``own`` files are measured anyway.
    """

    own: tuple[str, ...]
    others: tuple[str, ...]
    most: int | None = None

    @property
    def wanted(self) -> int:
        """The number of ``others`` to measure."""
        if self.most is None:
            return len(self.others)
        return max(0, min(len(self.others), self.most - len(self.own)))


def choose(found: Mapping[str, Collection[str]], own: Collection[str], most: int | None) -> Choice:
    """The choice among the files ``found``, each with its ways to the change: the modules through
    which it reaches the change.

    The order is the same in each run of the gate.
    """
    others = {name: frozenset(ways) for name, ways in found.items() if name not in own}
    if most is None or len(found) <= most:
        return Choice(tuple(sorted(own)), tuple(sorted(others)), most)
    return Choice(tuple(sorted(own)), _spread(others), most)


def _spread(ways: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Files in an order in which each beginning holds many ways. Files without a known way come
    last.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(ways):
        groups.setdefault(tuple(sorted(ways[name])), []).append(name)
    chance = random.Random(0)
    for names in groups.values():
        chance.shuffle(names)
    # The place of a file in its group decides first, then the size of the group.
    places = [
        (not way, place, -len(names), way, name)
        for way, names in groups.items()
        for place, name in enumerate(names)
    ]
    return tuple(row[-1] for row in sorted(places))


def choice_text(number: int, measured: int, *, ran_out: bool) -> str:
    """The note that a sample stands for ``number`` files that the change may affect."""
    why = (
        "because the time for traces ran out; to measure more, raise time-budget"
        if ran_out
        else "the same files in each run"
    )
    return (
        f"The change may affect all {number} files. dagprof measured {measured} of these files,"
        f" {why}. The verdict stands for all of them."
    )
