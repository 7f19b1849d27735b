"""Whether one side's parse times are longer than the other's: the statistics of the gate, for many files at once.

The two versions of a file are parsed in turns. After each number of pairs in ``LOOKS`` all files are judged; those whose
question is decided are parsed no more.

* A file is slower when the exact one-sided Mann-Whitney test says so (no shape of the noise is assumed; scipy computes it),
  corrected for the number of files by Benjamini and Hochberg's step-up procedure (1995) at the false-alarm rate divided by
  the number of looks that can decide, *and* the change exceeds both limits. Where no file changed, the chance that any is
  called slower is at most that rate.
* The change is the median of all differences between a parse of one side and a parse of the other (Hodges and Lehmann,
  1963), and its interval holds the middle ones of these, by the normal approximation of the test's statistic (Hollander
  and Wolfe).
* A file is unchanged when a 95 % interval lies within the limits. What is neither stays open.
"""

from __future__ import annotations

import enum
import math
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

# Pairs of parses after which the question is put. Below six no exact test can answer with enough certainty.
LOOKS = (4, 6, 9, 13, 20, 30, 40)
_DECIDING = sum(look >= 6 for look in LOOKS)
_SURE = 0.95


class Sides(NamedTuple):
    """Parse times of both versions of one file, in ms."""

    base_ms: Sequence[float]
    head_ms: Sequence[float]


class Limits(NamedTuple):
    """From where a change counts: above both a share of the base and a time in ms."""

    relative: float
    absolute_ms: float

    def least_ms(self, base_ms: float) -> float:
        """The smallest change that counts for a file that takes ``base_ms``."""
        return max(self.absolute_ms, self.relative * base_ms)


class Kind(str, enum.Enum):
    """What the parse times say."""

    SLOWER = "slower"
    FASTER = "faster"
    UNCHANGED = "unchanged"
    OPEN = "open"


class Judgement(NamedTuple):
    """What is known of one file; the change in ms with its 95 % interval, and the chance of it without a real change."""

    kind: Kind
    base_ms: float
    head_ms: float
    change_ms: float
    low_ms: float
    high_ms: float
    p_slower: float
    p_faster: float
    pairs: int


def judge(files: Mapping[str, Sides], limits: Mapping[str, Limits], false_alarms: float) -> dict[str, Judgement]:
    """Judge all files together, by name. ``false_alarms`` is the chance of calling any of them slower where none is."""
    figures = {name: _figures(sides) for name, sides in files.items()}
    rate = false_alarms / _DECIDING
    slower = _rejected({name: figure.p_slower for name, figure in figures.items()}, rate)
    faster = _rejected({name: figure.p_faster for name, figure in figures.items()}, rate)
    return {
        name: figure._replace(kind=_kind(figure, limits[name], is_slower=name in slower, is_faster=name in faster))
        for name, figure in figures.items()
    }


def next_look(pairs: int) -> int | None:
    """How many pairs a file that is still open gets next in all; None when there were enough."""
    return next((look for look in LOOKS if look > pairs), None)


def _kind(figure: Judgement, limits: Limits, *, is_slower: bool, is_faster: bool) -> Kind:
    least = limits.least_ms(figure.base_ms)
    if is_slower and figure.change_ms > least:
        return Kind.SLOWER
    if is_faster and figure.change_ms < -least:
        return Kind.FASTER
    if figure.pairs >= LOOKS[0] and -least < figure.low_ms and figure.high_ms < least:
        return Kind.UNCHANGED
    return Kind.OPEN


def _figures(sides: Sides) -> Judgement:
    base, head = list(sides.base_ms), list(sides.head_ms)
    pairs = min(len(base), len(head))
    if not pairs:
        return Judgement(Kind.OPEN, 0.0, 0.0, 0.0, -math.inf, math.inf, 1.0, 1.0, 0)
    differences = sorted(after - before for after in head for before in base)
    low, high = _interval(differences, len(base), len(head))
    p_slower, p_faster = _chances(base, head)
    return Judgement(
        kind=Kind.OPEN,
        base_ms=statistics.median(base),
        head_ms=statistics.median(head),
        change_ms=statistics.median(differences),
        low_ms=low,
        high_ms=high,
        p_slower=p_slower,
        p_faster=p_faster,
        pairs=pairs,
    )


def _interval(differences: Sequence[float], base: int, head: int) -> tuple[float, float]:
    """The middle of the ordered differences that holds the change with 95 % confidence, as far as there are enough."""
    sigma = math.sqrt(base * head * (base + head + 1) / 12)
    z = statistics.NormalDist().inv_cdf((1 + _SURE) / 2)
    cut = max(0, math.floor(base * head / 2 - z * sigma))
    return differences[cut], differences[-1 - cut]


def _chances(base: Sequence[float], head: Sequence[float]) -> tuple[float, float]:
    from scipy.stats import mannwhitneyu

    slower = mannwhitneyu(head, base, alternative="greater", method="exact")
    faster = mannwhitneyu(head, base, alternative="less", method="exact")
    return float(slower.pvalue), float(faster.pvalue)


def _rejected(chances: Mapping[str, float], rate: float) -> set[str]:
    """The names that Benjamini and Hochberg's procedure rejects: scipy adjusts, this compares."""
    if not chances:
        return set()
    from scipy.stats import false_discovery_control

    adjusted = false_discovery_control(list(chances.values()), method="bh")
    return {name for name, chance in zip(chances, adjusted, strict=True) if chance <= rate}
