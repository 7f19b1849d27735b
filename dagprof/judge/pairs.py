"""Statistics of an A/B run. The parses of two versions take turns, and the judge decides for many
files at once whether one version is slower.

After each number of pairs in ``LOOKS``, the judge decides on all files. dagprof then parses only
the files that are still open.

* A file is slower if an exact one-sided rank test rejects equality *and* the change exceeds both
  limits. The tests assume no distribution of the noise. scipy computes two tests, each at half of
  the false-alarm rate. The Mann-Whitney test compares all parses of one version with all parses of
  the other version. This test can decide after seven pairs. The Wilcoxon signed-rank test compares
  the parses within each pair. This test stays accurate while the speed of the machine changes.
* The step-up procedure of Benjamini and Hochberg (1995) corrects for many files. dagprof divides
  the false-alarm rate among the looks that can decide. If no file changed, the probability of any
  regression report is at most the false-alarm rate.
* The size of the change is the Hodges-Lehmann estimate (1963): the median of the averages of any
  two differences within pairs. The 95 % interval comes from the normal approximation of the
  signed-rank statistic (Hollander and Wolfe). With fewer than seven pairs, the interval comes from
  all differences between the two versions.
* A file is unchanged if the 95 % interval is within the limits. All other files stay open.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dagprof.judge.judgement import FEWEST_FOR_INTERVAL, Judgement, Kind, Limits

# The numbers of pairs after which dagprof judges. Below seven, no exact test can be certain enough.
LOOKS = (FEWEST_FOR_INTERVAL, 7, 10, 14, 20, 30, 40)
_FEWEST = 7
_DECIDING = sum(look >= _FEWEST for look in LOOKS)
_Z = statistics.NormalDist().inv_cdf(0.975)


class Sides(NamedTuple):
    """Parse times of both versions of one file, in ms."""

    base_ms: Sequence[float]
    head_ms: Sequence[float]


def judge(
    files: Mapping[str, Sides], limits: Mapping[str, Limits], false_alarms: float
) -> dict[str, Judgement]:
    """Judge all files together, by name. ``false_alarms`` is the probability that any file counts
    as slower if no file is slower.
    """
    figures = {name: _figures(sides) for name, sides in files.items()}
    rate = false_alarms / _DECIDING
    slower = _rejected({name: figure.p_slower for name, figure in figures.items()}, rate)
    faster = _rejected({name: figure.p_faster for name, figure in figures.items()}, rate)
    return {
        name: figure._replace(
            kind=_kind(figure, limits[name], is_slower=name in slower, is_faster=name in faster)
        )
        for name, figure in figures.items()
    }


def next_look(pairs: int) -> int | None:
    """The number of pairs of an open file after the next round. None if the file has enough
    pairs.
    """
    return next((look for look in LOOKS if look > pairs), None)


def _kind(figure: Judgement, limits: Limits, *, is_slower: bool, is_faster: bool) -> Kind:
    least = limits.least_ms(figure.base_ms)
    if is_slower and figure.change_ms > least:
        return Kind.SLOWER
    if is_faster and figure.change_ms < -least:
        return Kind.FASTER
    if figure.is_not_slower(least) and -least < figure.low_ms:
        return Kind.UNCHANGED
    return Kind.OPEN


def _figures(sides: Sides) -> Judgement:
    pairs = min(len(sides.base_ms), len(sides.head_ms))
    base, head = list(sides.base_ms)[:pairs], list(sides.head_ms)[:pairs]
    if not pairs:
        return Judgement(Kind.OPEN, 0.0, 0.0, 0.0, -math.inf, math.inf, 1.0, 1.0, 0)
    within = [after - before for before, after in zip(base, head, strict=True)]
    averages = sorted(
        (one + other) / 2 for number, one in enumerate(within) for other in within[number:]
    )
    low, high = _interval(averages, pairs) if pairs >= _FEWEST else _rough_interval(base, head)
    return Judgement(
        kind=Kind.OPEN,
        base_ms=statistics.median(base),
        head_ms=statistics.median(head),
        change_ms=statistics.median(averages),
        low_ms=low,
        high_ms=high,
        p_slower=_chance(base, head, within, "greater"),
        p_faster=_chance(base, head, within, "less"),
        pairs=pairs,
    )


def _interval(averages: Sequence[float], pairs: int) -> tuple[float, float]:
    """The two ordered averages between which the change is with 95 % confidence. With few averages,
    the confidence is lower.
    """
    return _middle(
        averages, pairs * (pairs + 1) / 4, math.sqrt(pairs * (pairs + 1) * (2 * pairs + 1) / 24)
    )


def _rough_interval(base: Sequence[float], head: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval, computed from all differences between the two versions."""
    product = len(base) * len(head)
    differences = sorted(after - before for after in head for before in base)
    return _middle(differences, product / 2, math.sqrt(product * (len(base) + len(head) + 1) / 12))


def _middle(ordered: Sequence[float], mean: float, sigma: float) -> tuple[float, float]:
    cut = max(0, math.floor(mean - _Z * sigma))
    return ordered[cut], ordered[-1 - cut]


def _chance(
    base: Sequence[float], head: Sequence[float], within: Sequence[float], alternative: str
) -> float:
    """The probability of such differences without a real change: the smaller p-value of the two
    tests, doubled because there are two tests.
    """
    from scipy.stats import mannwhitneyu, wilcoxon

    if len(base) < _FEWEST:
        return 1.0
    between = mannwhitneyu(head, base, alternative=alternative, method="exact").pvalue
    told = [
        difference for difference in within if difference
    ]  # equal times carry no information in Wilcoxon's test
    inside = wilcoxon(told, alternative=alternative, method="exact").pvalue if told else 1.0
    return min(1.0, 2 * float(min(between, inside)))


def _rejected(chances: Mapping[str, float], rate: float) -> set[str]:
    """The names that the procedure of Benjamini and Hochberg rejects. scipy computes the adjusted
    p-values.
    """
    if not chances:
        return set()
    from scipy.stats import false_discovery_control

    adjusted = false_discovery_control(list(chances.values()), method="bh")
    return {name for name, chance in zip(chances, adjusted, strict=True) if chance <= rate}
