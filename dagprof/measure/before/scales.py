"""How much longer the imports of a layer take in a parse than in the layer's survey.

Files of a sample show it: they are parsed with the layer and in isolation. Each package has its own
error, so a file gets the scale of those files of the sample that load the same packages.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

# The weight of the scale of all files, next to a weight of 1 for a file that loads the same. It
# limits the error of a single file.
_OVERALL_WEIGHT = 0.5


class Scales:
    """The scale of each file. ``costs`` has the time of each name of the layer, and ``reach`` the
    names that each file imports.
    """

    def __init__(self, costs: Mapping[str, int], reach: Mapping[Path, Collection[str]]) -> None:
        self._costs, self._reach = costs, reach
        self._found: dict[Path, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, path: Path, composed_ms: float, alone_ms: float) -> None:
        """Add a file of the sample whose imports of the layer take ``composed_ms`` by the survey,
        and ``alone_ms`` in isolation.
        """
        self._found[path] = composed_ms, alone_ms / composed_ms

    def overall(self, without: Path | None = None) -> float:
        """The scale of all files of the sample, 1.0 if there are none."""
        pairs = [pair for path, pair in self._found.items() if path != without]
        return weighted_median(pairs) if pairs else 1.0

    def of(self, path: Path, without: Path | None = None) -> float:
        """The scale of a file. The file ``without`` does not count: a file of the sample shows the
        error of composing only if its own parses in isolation do not count.
        """
        alike = [
            (self._likeness(path, other) ** 2, scale)
            for other, (_, scale) in self._found.items()
            if other != without
        ]
        weight = sum(weight for weight, _ in alike)
        near = weight * weighted_median(alike) if weight else 0.0
        return (near + _OVERALL_WEIGHT * self.overall(without)) / (weight + _OVERALL_WEIGHT)

    def _likeness(self, one: Path, other: Path) -> float:
        """The time of the modules that both files import, relative to those that either imports."""
        mine, theirs = (frozenset(self._reach.get(path, ())) for path in (one, other))
        either = self._cost(mine | theirs)
        return self._cost(mine & theirs) / either if either else 0.0

    def _cost(self, names: Collection[str]) -> int:
        return sum(self._costs.get(name, 0) for name in names)


def weighted_median(pairs: Sequence[tuple[float, float]]) -> float:
    """The median of values, each with its weight before it. Of two medians, their mean."""
    ordered = sorted(pairs, key=lambda pair: pair[1])
    half = sum(weight for weight, _ in ordered) / 2
    values = []
    for sequence in (ordered, ordered[::-1]):
        passed = 0.0
        for weight, value in sequence:
            passed += weight
            if passed >= half:
                values.append(value)
                break
    return statistics.mean(values)
