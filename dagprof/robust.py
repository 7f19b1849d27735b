"""Robust statistics of small samples, in one place. Values and results have the same unit."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

# Factor from the median absolute deviation to the standard deviation under normal noise (Hampel,
# 1974).
MAD_TO_SIGMA = 1.4826
# Factor from the standard error of the mean to that of the median: sqrt(pi / 2).
MEDIAN_TO_MEAN = 1.2533
# A median needs this many values to stand out from noise. Two values are enough if they differ by
# at most ``CLOSE_MS``: then nothing disturbed them.
FEWEST = 3
CLOSE_MS = 3.0

# The standard error of the composed part of a parse time, as a share of it. Repeated parses of the
# file do not show this error, because they all contain the same part. Measured in decision 12.
COMPOSED_ERROR = 0.05


def are_enough(values_ms: Sequence[float]) -> bool:
    """Whether these parse times, in ms, are enough to separate their median from noise: three of
    them, or two that agree.
    """
    return len(values_ms) >= FEWEST or (
        len(values_ms) == FEWEST - 1 and max(values_ms) - min(values_ms) <= CLOSE_MS
    )


def median_absolute_deviation(values: Sequence[float]) -> float:
    """Median distance from the median; 0.0 for no values."""
    if not values:
        return 0.0
    centre = statistics.median(values)
    return float(statistics.median(abs(value - centre) for value in values))


def typical_deviation(values: Sequence[float]) -> float:
    """Standard deviation under normal noise, from the mean distance to the median without the
    smallest and the largest value; 0.0 for fewer than four values.

    Unlike the median distance, it shows a machine that is slower for a quarter of the time. Unlike
    the standard deviation, it does not show a single outlier.
    """
    if len(values) < 4:
        return 0.0
    centre = statistics.median(values)
    kept = sorted(values)[1:-1]
    return MEDIAN_TO_MEAN * statistics.fmean(abs(value - centre) for value in kept)


def standard_error_of_median(values: Sequence[float]) -> float:
    """Standard error of the median under normal noise; 0.0 for fewer than two values."""
    if len(values) < 2:
        return 0.0
    return (
        MEDIAN_TO_MEAN * MAD_TO_SIGMA * median_absolute_deviation(values) / math.sqrt(len(values))
    )
