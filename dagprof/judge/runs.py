"""Compares two Runs from different times. ``speeds`` gives the factor between the machine speeds.

A file counts as slower if the wall time *and* the CPU time are longer. The change must exceed
limits that are wider than the limits of an A/B run. The change must also exceed ``SIGMAS`` standard
errors. The standard error includes the error of the machine speed. If only one of the two times is
longer, the file stays open. A file that itself waits longer is an exception.

dagprof parses a file that seems slower again. These parses and parses of the reference take turns,
and the judge uses only these parses. During the first parses, another program may have used a CPU
and slowed down only the file, not the reference.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

import msgspec

from dagprof.judge import comparable
from dagprof.judge.judgement import Judgement, Kind, Limits
from dagprof.judge.speeds import SIGMAS, Basis, Speed, basis
from dagprof.model import FileResult, Run, Samples, Status
from dagprof.quantities import count
from dagprof.robust import COMPOSED_ERROR, are_enough, standard_error_of_median

# The machine itself may cause smaller differences between runs at different times.
LEAST = Limits(relative=0.25, absolute_ms=50.0)
_NOT_CONFIRMED = "dagprof parsed the file again to confirm the slowdown, but got no parse time"


def judge(
    baseline: Run, run: Run, limits: Callable[[str], Limits], *, again: Run | None = None
) -> dict[str, Judgement]:
    """Judge all files that have a parse time in both Runs, by path. For files in ``again``, the
    judge uses the times in ``again``.

    ``limits`` returns the limits of a file for its path. Limits below ``LEAST`` are raised to
    ``LEAST``.
    """
    judged = _judged(baseline, run, limits)
    if again is not None:
        parsed_again = {file.path for file in again.files} & judged.keys()
        judged |= {path: judged[path].left_open(_NOT_CONFIRMED) for path in parsed_again}
        judged |= _judged(baseline, again, limits)
    return judged


def suspects(judged: dict[str, Judgement]) -> set[str]:
    """The files that seem slower and that dagprof should parse again."""
    return {path for path, judgement in judged.items() if judgement.kind is Kind.SLOWER}


def with_times_of(again: Run, run: Run) -> Run:
    """The Run with the second times of the files that dagprof parsed again."""
    later = {file.path: file for file in again.files if file.is_timed}
    changed: Run = msgspec.structs.replace(
        run, files=tuple(later.get(file.path, file) for file in run.files)
    )
    return changed


def judge_file(old: FileResult, new: FileResult, basis: Basis, limits: Limits) -> Judgement:
    """Judge one file that has a parse time in both Runs."""
    speed = basis.speed or Speed(1.0, 0.0)
    composing_ms = COMPOSED_ERROR * math.hypot(old.composed_ms * speed.factor, new.composed_ms)
    found = _by_times(old.samples, new.samples, speed, limits.at_least(LEAST), composing_ms)
    if basis.speed is None:
        return found.left_open(basis.why_not)._replace(low_ms=-math.inf, high_ms=math.inf)
    if found.kind is Kind.FASTER and new.has_lost_dags(old):
        return found.left_open(
            f"the file {new.missing(old)} (status: {new.status.value}), so the parse times cannot"
            " be compared"
        )
    if found.kind is Kind.SLOWER and old.status.is_failure and not new.status.is_failure:
        return found.left_open(
            f"the file produced no DAGs before (status: {old.status.value}), so the parse times"
            " cannot be compared"
        )
    return found


def _judged(baseline: Run, run: Run, limits: Callable[[str], Limits]) -> dict[str, Judgement]:
    found = basis(baseline, run)
    judged = {
        path: judge_file(old, new, found, limits(path))
        for path, (old, new) in comparable.on_both_sides(baseline, run).items()
        if old.is_timed and new.is_timed and Status.NEEDS_ANSWER not in (old.status, new.status)
    }
    if baseline == run:
        # Both Runs are the same Run, so no file changed, even with few parses.
        return {path: each._replace(kind=Kind.UNCHANGED, why="") for path, each in judged.items()}
    return judged


def _by_times(
    old: Samples, new: Samples, speed: Speed, limits: Limits, composing_ms: float
) -> Judgement:
    """``composing_ms`` is the standard error of the composed parts of both times."""
    wall = _compared(old.own_ms, new.own_ms, speed, limits, composing_ms)
    cpu = _compared(old.cpu_ms, new.cpu_ms, speed, limits, composing_ms)
    if not (are_enough(old.own_ms) and are_enough(new.own_ms)):
        return wall.left_open(
            f"{count(len(old), 'parse')} before and {count(len(new), 'parse')} now are too few to"
            f" distinguish a change of {wall.change_ms:+.0f} ms from noise"
        )
    if wall.kind is Kind.OPEN:
        doubt = wall.high_ms - wall.change_ms
        return wall.left_open(
            f"the change of {wall.change_ms:+.0f} ms is within the noise of ±{doubt:.0f} ms"
        )
    if wall.kind is cpu.kind or wall.kind is Kind.UNCHANGED:
        return wall
    # Waiting takes no CPU time. So a change of the wall time alone counts only if other programs
    # cannot explain it.
    waits = _waits_ms(new) - _waits_ms(old)
    if abs(waits) > limits.least_ms(wall.base_ms) and (waits > 0) is (wall.kind is Kind.SLOWER):
        return wall
    return wall.left_open(
        f"the wall time changed by {wall.change_ms:+.0f} ms, but the CPU time changed by"
        f" {cpu.change_ms:+.0f} ms"
    )


def _waits_ms(samples: Samples) -> float:
    """The time in ms that a parse waits by itself. Computing and waiting for a CPU do not count."""
    return samples.median("wall_ms") - samples.median("cpu_ms") - samples.median("queued_ms")


def _compared(
    old_ms: Sequence[float],
    new_ms: Sequence[float],
    speed: Speed,
    limits: Limits,
    composing_ms: float,
) -> Judgement:
    base = statistics.median(old_ms) * speed.factor
    head = statistics.median(new_ms)
    error = math.hypot(
        standard_error_of_median(old_ms) * speed.factor,
        standard_error_of_median(new_ms),
        base * speed.error,
        composing_ms,
    )
    change, doubt, least = head - base, SIGMAS * error, limits.least_ms(base)
    if abs(change) > max(least, doubt):
        kind = Kind.SLOWER if change > 0 else Kind.FASTER
    else:
        kind = Kind.UNCHANGED if abs(change) <= least else Kind.OPEN
    return Judgement(
        kind,
        base,
        head,
        change,
        change - doubt,
        change + doubt,
        1.0,
        1.0,
        min(len(old_ms), len(new_ms)),
    )
