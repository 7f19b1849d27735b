"""Compares the speeds of the machines of two Runs.

If both Runs timed dagprof's reference parse, its CPU times show how much faster or slower the
machine is now. dagprof multiplies the times of the baseline by this factor. Without the reference
parse, dagprof assumes that one machine has the same speed in both Runs, with an error of
``ASSUMED_ERROR`` or more. Runs of different machines then cannot be compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from dagprof.judge import comparable
from dagprof.model import Isolation, Run
from dagprof.robust import MAD_TO_SIGMA, median_absolute_deviation, typical_deviation

# A change must exceed this many standard errors.
SIGMAS = 4.0
# A machine that differs by more than this factor is another kind of machine.
MOST_FACTOR = 4.0
# The assumed error of one machine's speed between two runs without a reference. Two to four times
# this figure cover the differences of 20 to 50 % between runs on virtual machines that share their
# processors.
ASSUMED_ERROR = 0.10
# If the changes of the files differ widely, the machine's speed probably changed during a run. The
# error then grows, but not above this figure: a change of many files may be real, and a parse that
# takes more than twice as long is slower on any machine.
MOST_UNEVEN = 0.25
# Fewer files do not show how unevenly the speed changed, and neither do files that take less time.
_FEWEST_FILES, _TELLING_MS = 8, 10.0


# Also the name of strict isolation in dagprof 0.1.
_FORKS = {Isolation.LAYERS.value, Isolation.STRICT.value, "fork"}
_WHAT = "(the parse of a fixed DAG file, which shows how fast the machine is)"
_SHOWS = "which shows how fast the machine is"
_TOO_DIFFERENT = "The machine speeds are too different to compare."
_AGAIN = "Save a new baseline on this machine with `dagprof scan --save-baseline`"


class Speed(NamedTuple):
    """The factor by which the machine is slower now, and the relative standard error of this factor
    for one file, whose parses show only a moment of the Run.
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


def basis(baseline: Run, run: Run) -> Basis:
    """The machine speeds that a comparison of both Runs uses."""
    for name, old, new in different_conditions(baseline, run):
        return Basis(
            None, f"the baseline used {name} {old!s:.40}, and this run used {name} {new!s:.40}"
        )
    if _are_too_different(baseline, run):
        why = (
            f"the reference parse, {_SHOWS}, takes {_factor(baseline, run):.1f} times as long as"
            " when the baseline was saved"
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
    error = math.hypot(ASSUMED_ERROR, min(MOST_UNEVEN, _unevenness(baseline, run)))
    return Basis(Speed(1.0, error), note=_assumed(lacking, error))


def different_conditions(baseline: Run, run: Run) -> Iterator[tuple[str, object, object]]:
    """The settings of both Runs whose difference makes their times incomparable: name and values.

    Parses in forks are comparable, with and without shared layers.
    """
    for name in ("temperature", "isolation"):
        old, new = baseline.settings.get(name), run.settings.get(name)
        if old != new and not (name == "isolation" and {old, new} <= _FORKS):
            yield name, old, new


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
        f"The baseline has no reference parse {_WHAT}, so dagprof cannot compare the speeds of the"
        f" machines. {_AGAIN}, or use `dagprof compare`."
    )


def _refusals(baseline: Run, run: Run) -> Iterator[str]:
    for what, old, new in (
        *_versions(baseline, run),
        *different_conditions(baseline, run),
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
            f"The reference parse {_WHAT} failed in this run, so dagprof cannot compare the speeds"
            " of the machines. To see the reason, run `dagprof doctor`."
        )
    elif baseline.reference.version != run.reference.version:
        yield (
            f"The baseline and this run used different versions of the reference parse. {_AGAIN}."
        )
    elif _are_too_different(baseline, run):
        yield (
            f"The reference parse, {_SHOWS}, takes {_factor(baseline, run):.1f} times as long as"
            f" when the baseline was saved. {_TOO_DIFFERENT} {_AGAIN}."
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
        return f"Neither run timed the reference parse {_WHAT}"
    if baseline.reference is None:
        return f"The baseline has no reference parse {_WHAT}"
    if run.reference is None:
        return f"This run did not time the reference parse {_WHAT}"
    if baseline.reference.version != run.reference.version:
        return "The baseline and this run used different versions of the reference parse"
    for what, before, now in _versions(baseline, run):
        if before != now:
            return (
                f"The runs used different versions of {what}, on which the reference parse depends"
            )
    return ""


def _assumed(lacking: str, error: float) -> str:
    uneven = (
        " The changes in parse time differ widely from file to file."
        if error > 2 * ASSUMED_ERROR
        else ""
    )
    return (
        f"{lacking}. dagprof assumes that the machine had the same speed in both runs.{uneven}"
        f" Changes in parse time below {SIGMAS * error:.0%} are inconclusive. {_BETTER}"
    )


def _elsewhere(lacking: str) -> str:
    return f"{lacking}. The speeds of the two machines cannot be compared. {_BETTER}"


_BETTER = (
    "For a better result, use `dagprof scan --save-baseline` and then `dagprof scan --baseline`. "
    "Both commands measure how long the reference parse takes."
)


def _scaled(speed: Speed) -> str:
    if abs(speed.factor - 1) < 0.01:
        return ""
    return (
        f"The reference parse, {_SHOWS}, takes {speed.factor:.2f} times as long as when the"
        " baseline was saved. dagprof multiplies the baseline's times by this factor."
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


def _unevenness(baseline: Run, run: Run) -> float:
    """How much the relative changes of the files differ from each other, as a standard deviation
    under normal noise. 0.0 if there are too few files.
    """
    changes = [
        math.log(now / before)
        for old, new in comparable.both_timed(baseline, run).values()
        if (before := old.samples.median("own_ms")) >= _TELLING_MS
        and (now := new.samples.median("own_ms")) > 0
    ]
    if len(changes) < _FEWEST_FILES:
        return 0.0
    return MAD_TO_SIGMA * median_absolute_deviation(changes)


def _measured(baseline: Run, run: Run) -> Speed:
    # The reference is parsed before the files and after them. The speeds at these moments differ as
    # much as the speeds at the moments of the files, and more parses do not make them more alike.
    errors = [
        typical_deviation(each.reference.samples.cpu_ms) / each.reference.samples.median("cpu_ms")
        for each in (baseline, run)
        if each.reference is not None
    ]
    return Speed(_factor(baseline, run), math.hypot(*errors))
