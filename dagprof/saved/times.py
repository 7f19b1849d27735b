"""Decides whether a parse became slower between two saves."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from dagprof.model import FileResult, Samples
from dagprof.robust import standard_error_of_median
from dagprof.saved.values import Kind, Time

# Parses a moment apart differ by so much without a change of the code; ``bench/watch.py`` saves a
# file without changing what it does.
_NOISE_MS, _NOISE_SHARE = 10.0, 0.10
# The same for a file that was parsed only once.
_SINGLE_SHARE = 0.15
_SIGMAS = 3.0
# A wall time that changed without so much of a change of the CPU time may be a disturbance, if it
# was measured only once and the change is not larger than a disturbance.
_CPU_SHARE = 0.25
_DISTURBANCE_MS, _DISTURBANCE_SHARE = 100.0, 0.3


def noise_ms(before: Sequence[float], now: Sequence[float]) -> float:
    """The largest difference of two medians, in ms, that may be noise."""
    centre = statistics.median(before)
    share = _NOISE_SHARE if min(len(before), len(now)) > 1 else _SINGLE_SHARE
    errors = math.hypot(standard_error_of_median(before), standard_error_of_median(now))
    return max(_NOISE_MS, share * centre, _SIGMAS * errors)


def is_doubtful(before: FileResult | None, own_ms: Sequence[float]) -> bool:
    """Whether these parses seem to show a change that one more parse should confirm."""
    if before is None or not before.is_timed or not own_ms:
        return False
    old = before.samples.own_ms
    change = statistics.median(own_ms) - statistics.median(old)
    return abs(change) > noise_ms(old, own_ms)


def compared(before: FileResult | None, now: FileResult) -> Time:
    """The time of a file, compared with its earlier result if there is one."""
    if not now.is_timed:
        was_ms = before.own_ms if before is not None and before.is_timed else None
        return Time(kind=Kind.UNTIMED, before_ms=was_ms)
    if before is None or not before.is_timed:
        return Time(kind=Kind.FIRST, now_ms=now.own_ms, parses=len(now.samples))
    noise = noise_ms(before.samples.own_ms, now.samples.own_ms)
    change = now.own_ms - before.own_ms
    return Time(
        kind=_kind(before.samples, now.samples, change, noise),
        now_ms=now.own_ms,
        before_ms=before.own_ms,
        difference_ms=change,
        noise_ms=noise,
        parses=len(now.samples),
    )


def _kind(before: Samples, now: Samples, change: float, noise: float) -> Kind:
    if abs(change) <= noise:
        return Kind.SAME
    cpu = now.median("cpu_ms") - before.median("cpu_ms")
    is_small = abs(change) < max(_DISTURBANCE_MS, _DISTURBANCE_SHARE * before.median("own_ms"))
    if min(len(before), len(now)) < 2 and is_small and cpu / change < _CPU_SHARE:
        return Kind.UNSURE
    return Kind.SLOWER if change > 0 else Kind.FASTER
