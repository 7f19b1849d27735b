"""The verdict against a stored Run: another day, perhaps another machine, so speeds are compared first.

Both runs timed dagprof's reference parse. Its CPU times tell how much faster or slower this machine is now, and the baseline
is scaled by that. A file became slower when its wall *and* its CPU time say so, by more than limits that are wider than those
of an A/B run and by more than ``SIGMAS`` standard errors, the references' own included. Where only one of
them says so, the file is inconclusive. What seems slower is parsed again in turns with the reference, and these parses
decide: another program that kept a processor busy during one parse slows down that file but not the reference.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from dagprof.errors import UsageError
from dagprof.evidence import Judgement, Kind, Limits
from dagprof.gate import decide
from dagprof.gate.decide import Compared, Demand
from dagprof.gate.verdict import Verdict
from dagprof.model import FileResult, Run
from dagprof.robust import are_enough, standard_error_of_median

SIGMAS = 4.0
# Smaller differences between runs at different times may come from the machine itself.
LEAST_SHARE = 0.25
LEAST_MS = 50.0
# A machine that differs by more than this is another kind of machine.
MOST_FACTOR = 4.0


_AGAIN = "save a new baseline here with `dagprof scan --save-baseline`"


class _Speed(NamedTuple):
    """How many times longer the reference takes now, and the relative standard error of that."""

    factor: float
    error: float


def suspects(baseline: Run, run: Run, demand: Demand) -> set[str]:
    """The files that seem slower.

    :raises UsageError: the two cannot be compared; the message says why and what to do.
    """
    return {path for path, judgement in _judged(baseline, run, demand).items() if judgement.kind is Kind.SLOWER}


def decide_by_baseline(
    baseline: Run, run: Run, name: str, demand: Demand, version: str = "", *, again: Run | None = None
) -> Verdict:
    """Judge a Run by a stored one, which ``name`` names; the files in ``again`` by their times there.

    :raises UsageError: the two cannot be compared; the message says why and what to do.
    """
    before = {file.path for file in baseline.files}
    if before and run.files and before.isdisjoint(file.path for file in run.files):
        raise UsageError(
            "The baseline and this run have no file in common; measure the folder that the baseline was taken of."
        )
    judged = _judged(baseline, run, demand)
    if again is not None and again.files:
        judged |= {file.path: judged[file.path]._replace(kind=Kind.OPEN) for file in again.files}
        judged |= _judged(baseline, again, demand)
        later = {file.path: file for file in again.files if file.is_timed}
        run = msgspec.structs.replace(run, files=tuple(later.get(file.path, file) for file in run.files))
    compared = Compared(
        base=baseline,
        head=run,
        base_name=f"{name} ({baseline.created_at[:10]})",
        head_name="this run",
        doubts=_doubts(_speed(baseline, run), baseline, run),
    )
    return decide.verdict_on(compared, demand, judged, version)


def _judged(baseline: Run, run: Run, demand: Demand) -> dict[str, Judgement]:
    speed = _speed(baseline, run)
    return {
        path: _judge(old, new, speed, demand.timing(path))
        for path, (old, new) in decide.both_timed(baseline, run).items()
    }


def check_reference(baseline: Run) -> None:
    """Before anything is measured: can this be compared with at all?

    :raises UsageError: it holds no reference parse.
    """
    if baseline.reference is None:
        raise UsageError(
            f"The baseline has no reference parse to compare speeds with; {_AGAIN}, or use `dagprof compare`."
        )


def _speed(baseline: Run, run: Run) -> _Speed:
    for what, old, new in (
        ("Python", _minor(baseline.environment.python_version), _minor(run.environment.python_version)),
        ("Airflow", baseline.environment.airflow_version, run.environment.airflow_version),
        *((name, baseline.settings.get(name), run.settings.get(name)) for name in ("temperature", "isolation")),
    ):
        if old != new:
            raise UsageError(
                f"The baseline was taken with {what} {old} and this run with {new}, so they "
                f"cannot be compared; {_AGAIN}."
            )
    check_reference(baseline)
    assert baseline.reference is not None
    if run.reference is None:
        raise UsageError(
            "The reference parse failed here, so speeds cannot be compared; run `dagprof doctor` to see why."
        )
    if baseline.reference.version != run.reference.version:
        raise UsageError(f"The baseline used another version of the reference parse; {_AGAIN}.")
    old_ms, new_ms = baseline.reference.samples.cpu_ms, run.reference.samples.cpu_ms
    factor = statistics.median(new_ms) / statistics.median(old_ms)
    if not 1 / MOST_FACTOR <= factor <= MOST_FACTOR:
        raise UsageError(
            f"The reference parse takes {factor:.1f} times as long here as for the baseline, "
            f"too different to compare; {_AGAIN}."
        )
    return _Speed(factor, math.hypot(_relative_error(old_ms), _relative_error(new_ms)))


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _relative_error(values: Sequence[float]) -> float:
    return standard_error_of_median(values) / statistics.median(values)


def _judge(old: FileResult, new: FileResult, speed: _Speed, limits: Limits) -> Judgement:
    wide = Limits(max(limits.relative, LEAST_SHARE), max(limits.absolute_ms, LEAST_MS))
    wall = _compared(old.samples.own_ms, new.samples.own_ms, speed, wide)
    cpu = _compared(old.samples.cpu_ms, new.samples.cpu_ms, speed, wide)
    if not (are_enough(old.samples.own_ms) and are_enough(new.samples.own_ms)):
        return wall._replace(kind=Kind.OPEN)
    if wall.kind is cpu.kind or wall.kind is Kind.UNCHANGED:
        return wall
    # Waiting takes no CPU time, so a longer wall time alone counts only where other programs cannot explain it.
    waits = new.samples.median("wall_ms") - new.samples.median("cpu_ms") - new.samples.median("queued_ms")
    waited = old.samples.median("wall_ms") - old.samples.median("cpu_ms") - old.samples.median("queued_ms")
    if wall.kind is Kind.SLOWER and waits - waited > wide.least_ms(wall.base_ms):
        return wall
    return wall._replace(kind=Kind.OPEN)


def _compared(old_ms: Sequence[float], new_ms: Sequence[float], speed: _Speed, limits: Limits) -> Judgement:
    base = statistics.median(old_ms) * speed.factor
    head = statistics.median(new_ms)
    error = math.hypot(
        standard_error_of_median(old_ms) * speed.factor, standard_error_of_median(new_ms), base * speed.error
    )
    change, doubt, least = head - base, SIGMAS * error, limits.least_ms(base)
    if abs(change) > max(least, doubt):
        kind = Kind.SLOWER if change > 0 else Kind.FASTER
    else:
        kind = Kind.UNCHANGED if abs(change) <= least else Kind.OPEN
    return Judgement(kind, base, head, change, change - doubt, change + doubt, 1.0, 1.0, min(len(old_ms), len(new_ms)))


def _doubts(speed: _Speed, baseline: Run, run: Run) -> tuple[str, ...]:
    text = (
        f"This machine now takes {speed.factor:.2f} times as long for the reference parse as for "
        f"the baseline. Changes below {LEAST_SHARE:.0%} or {LEAST_MS:.0f} ms are not reported; "
        "`--against` finds smaller ones."
    )
    return (text,)
