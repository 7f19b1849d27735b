"""Chooses the DAG files that an A/B run measures, if the change reaches more than it can measure.
A sample of the files that reach the change in different ways then stands for all of them.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from typing import NamedTuple

from dagprof.quantities import count


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
        """The number of ``others`` to measure. Files that changed themselves may not use what the
        others use, so they leave at least half of the sample to them.
        """
        if self.most is None:
            return len(self.others)
        return min(len(self.others), max(self.most - len(self.own), -(-self.most // 2)))


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


def choice_text(number: int, sampled: int, *, ran_out: bool) -> str:
    """The note that ``sampled`` files stand for ``number`` others that the change may affect."""
    if not sampled:
        return (
            f"The change may affect {count(number, 'unchanged DAG file')}, but the time budget ran"
            " out before dagprof could measure any of these files. To measure more files, raise"
            " --time-budget."
        )
    measured = (
        f"Before the time budget ran out, dagprof measured {sampled} of these files. To measure"
        " more files, raise --time-budget."
        if ran_out
        else f"dagprof measured {sampled} of these files, and measures the same files in each run."
    )
    return (
        f"The change may affect {count(number + sampled, 'unchanged DAG file')}. {measured} The"
        " verdict also applies to the files that dagprof did not measure."
    )
