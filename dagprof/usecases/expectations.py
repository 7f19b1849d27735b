"""The expectations of a scan: a baseline, and the demands on the comparison with it."""

from __future__ import annotations

from typing import NamedTuple

from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.gate import scanned
from dagprof.gate.decide import Demand
from dagprof.model import Run
from dagprof.store import runs


class Expectations(NamedTuple):
    """The baseline of a scan and the reasons for which the scan can fail. dagprof reads and checks
    them before it measures anything.

    ``demand`` holds the limits above which a change counts, and the rules that can fail the scan.
    ``need_verdict`` says whether the scan can fail at all; otherwise there is nothing to decide.
    """

    demand: Demand = scanned.demand(None)
    baseline: Run | None = None
    need_verdict: bool = False


def expectations(settings: Settings) -> Expectations:
    """What the settings ask of a scan.

    :raises UsageError: an unknown reason to fail, or a share without a baseline.
    :raises RunFileError: the baseline cannot be read.
    """
    share, fail_on = settings.fail_on_regression, scanned.check_fail_on(settings.fail_on)
    if share is not None and settings.baseline is None:
        raise UsageError(
            "--fail-on-regression needs a baseline. Give a baseline with --baseline FILE."
        )
    return Expectations(
        demand=scanned.demand(share, settings.regression_floor, fail_on),
        baseline=runs.load(settings.baseline) if settings.baseline else None,
        need_verdict=share is not None or bool(fail_on),
    )
