"""Compares two Runs from different times. The Runs may be from different machines, so dagprof first
compares the speeds of the machines.

If both Runs timed dagprof's reference parse, its CPU times show how much faster or slower the
machine is now. dagprof multiplies the times of the baseline by this factor. Without the reference
parse, dagprof assumes that one machine has the same speed in both Runs, with an error of
``ASSUMED_ERROR``. Runs of different machines then cannot be compared.

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
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from dagprof.judge import comparable
from dagprof.judge.judgement import Judgement, Kind, Limits
from dagprof.model import FileResult, Run, Samples, Status
from dagprof.quantities import count
from dagprof.robust import are_enough, standard_error_of_median

SIGMAS = 4.0
# The machine itself may cause smaller differences between runs at different times.
LEAST = Limits(relative=0.25, absolute_ms=50.0)
# A machine that differs by more than this factor is another kind of machine.
MOST_FACTOR = 4.0
# The assumed error of one machine's speed between two runs without a reference. Two to four times
# this figure cover the differences of 20 to 50 % between runs on virtual machines that share their
# processors.
ASSUMED_ERROR = 0.10

_TOO_DIFFERENT = "The machine speeds are too different to compare."
_AGAIN = "Save a new baseline on this machine with `dagprof scan --save-baseline`"


class Speed(NamedTuple):
    """The factor by which the machine is slower now, and the relative standard error of this
    factor.
    """

    factor: float
    error: float


class Basis(NamedTuple):
    """How to compare the times of two Runs: the speed factor, or the reason why the times cannot be
    compared, and a note for the user.

    ``speed`` is None if the times cannot be compared. ``why_not`` then gives the reason as a
    clause.
    """

    speed: Speed | None
    why_not: str = ""
    note: str = ""

    @property
    def factor(self) -> float:
        """The factor for the times of the baseline. 1 if the times cannot be compared."""
        return self.speed.factor if self.speed is not None else 1.0


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
        judged |= {
            path: judged[path].left_open("the second measurement of the file has no parse time")
            for path in parsed_again
        }
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
    found = _by_times(
        old.samples, new.samples, basis.speed or Speed(1.0, 0.0), limits.at_least(LEAST)
    )
    if basis.speed is None:
        return found.left_open(basis.why_not)._replace(low_ms=-math.inf, high_ms=math.inf)
    if found.kind is Kind.FASTER and new.has_lost_dags(old):
        return found.left_open(
            f"the file {new.missing(old)} (status: {new.status.value}), so the parse times cannot"
            " be compared"
        )
    if found.kind is Kind.SLOWER and old.status.is_failure and not new.status.is_failure:
        return found.left_open(
            f"the file gave no DAGs before (status: {old.status.value}), so the parse times cannot"
            " be compared"
        )
    return found


def basis(baseline: Run, run: Run) -> Basis:
    """The machine speeds that a comparison of both Runs uses."""
    for name in ("temperature", "isolation"):
        old, new = baseline.settings.get(name), run.settings.get(name)
        if old != new:
            return Basis(
                None, f"the baseline used {name} {old!s:.40}, and this run used {name} {new!s:.40}"
            )
    if _are_too_different(baseline, run):
        why = (
            f"the reference parse takes {_factor(baseline, run):.1f} times as long as when the"
            " baseline was saved"
        )
        return Basis(None, why, f"{why.capitalize()}. {_TOO_DIFFERENT}")
    lacking = _no_reference(baseline, run)
    if not lacking:
        speed = _measured(baseline, run)
        return Basis(speed, note=_scaled(speed))
    if baseline.environment.machine != run.environment.machine:
        return Basis(
            None,
            "the runs are from different machines whose speeds cannot be compared",
            _elsewhere(lacking),
        )
    return Basis(Speed(1.0, ASSUMED_ERROR), note=_assumed(lacking))


def refusal(baseline: Run, run: Run) -> str:
    """The reason why the reference parse cannot compare both machine speeds, with the next step.
    Empty if the comparison is possible.
    """
    return next(_refusals(baseline, run), "")


def lacks_reference(baseline: Run) -> str:
    """The reason why a comparison with this baseline is impossible. Empty if the baseline has a
    reference parse. A command uses this check before the measurement.
    """
    if baseline.reference is not None:
        return ""
    return (
        "The baseline has no reference parse, so the machine speeds cannot be compared."
        f" {_AGAIN}, or use `dagprof compare`."
    )


def _refusals(baseline: Run, run: Run) -> Iterator[str]:
    for what, old, new in (
        *_versions(baseline, run),
        *(
            (name, baseline.settings.get(name), run.settings.get(name))
            for name in ("temperature", "isolation")
        ),
    ):
        if old != new:
            yield (
                f"Cannot compare the baseline with this run: the baseline used {what} {old!s:.40},"
                f" and this run used {what} {new!s:.40}. {_AGAIN}."
            )
    if baseline.reference is None:
        yield lacks_reference(baseline)
    elif run.reference is None:
        yield (
            "The reference parse failed in this run, so the machine speeds cannot be compared. To"
            " see the reason, run `dagprof doctor`."
        )
    elif baseline.reference.version != run.reference.version:
        yield f"The baseline used another version of the reference parse. {_AGAIN}."
    elif _are_too_different(baseline, run):
        yield (
            f"The reference parse takes {_factor(baseline, run):.1f} times as long as when the"
            f" baseline was saved. {_TOO_DIFFERENT} {_AGAIN}."
        )


def _versions(baseline: Run, run: Run) -> tuple[tuple[str, str, str], ...]:
    """The versions that the reference parse depends on. Another version of Python or Airflow makes
    the reference parse a different parse.
    """
    old, new = baseline.environment, run.environment
    return (
        ("Python", _minor(old.python_version), _minor(new.python_version)),
        ("Airflow", old.airflow_version, new.airflow_version),
    )


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _no_reference(baseline: Run, run: Run) -> str:
    """The reason why no reference parse compares both speeds, as the beginning of a sentence. Empty
    if a reference parse compares both speeds.
    """
    if baseline.reference is None and run.reference is None:
        return "Neither run timed the reference parse"
    if baseline.reference is None:
        return "The baseline has no reference parse"
    if run.reference is None:
        return "This run did not time the reference parse"
    if baseline.reference.version != run.reference.version:
        return "The baseline used another version of the reference parse"
    for what, before, now in _versions(baseline, run):
        if before != now:
            return (
                f"The runs used different versions of {what}, on which the reference parse depends"
            )
    return ""


def _assumed(lacking: str) -> str:
    share = SIGMAS * ASSUMED_ERROR
    return (
        f"{lacking}. dagprof assumes that the machine had the same speed in both runs. Changes of"
        f" the parse time below {share:.0%} are inconclusive. {_BETTER}"
    )


def _elsewhere(lacking: str) -> str:
    return f"{lacking}. The speeds of the two machines cannot be compared. {_BETTER}"


_BETTER = (
    "For a better result, use `dagprof scan --save-baseline` and then `dagprof scan --baseline`. "
    "Both commands time the reference parse."
)


def _scaled(speed: Speed) -> str:
    if abs(speed.factor - 1) < 0.01:
        return ""
    return (
        f"The reference parse takes {speed.factor:.2f} times as long as when the baseline was"
        " saved. dagprof multiplies the baseline's times by this factor."
    )


def _factor(baseline: Run, run: Run) -> float:
    assert baseline.reference is not None
    assert run.reference is not None
    now, before = (
        run.reference.samples.median("cpu_ms"),
        baseline.reference.samples.median("cpu_ms"),
    )
    return now / before


def _are_too_different(baseline: Run, run: Run) -> bool:
    """Whether the times of the reference parse show a different kind of machine."""
    if _no_reference(baseline, run):
        return False
    return not 1 / MOST_FACTOR <= _factor(baseline, run) <= MOST_FACTOR


def _measured(baseline: Run, run: Run) -> Speed:
    errors = [
        standard_error_of_median(each.reference.samples.cpu_ms)
        / each.reference.samples.median("cpu_ms")
        for each in (baseline, run)
        if each.reference is not None
    ]
    return Speed(_factor(baseline, run), math.hypot(*errors))


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


def _by_times(old: Samples, new: Samples, speed: Speed, limits: Limits) -> Judgement:
    wall = _compared(old.own_ms, new.own_ms, speed, limits)
    cpu = _compared(old.cpu_ms, new.cpu_ms, speed, limits)
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
    old_ms: Sequence[float], new_ms: Sequence[float], speed: Speed, limits: Limits
) -> Judgement:
    base = statistics.median(old_ms) * speed.factor
    head = statistics.median(new_ms)
    error = math.hypot(
        standard_error_of_median(old_ms) * speed.factor,
        standard_error_of_median(new_ms),
        base * speed.error,
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
