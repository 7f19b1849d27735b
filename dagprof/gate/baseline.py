"""The verdict on a Run compared with a stored Run: the judge's answer for both Runs, and all rules
of the gate.
"""

from __future__ import annotations

from collections.abc import Mapping

from dagprof.errors import UsageError
from dagprof.gate import decide
from dagprof.gate.decide import Compared, Demand
from dagprof.gate.verdict import Verdict
from dagprof.judge import comparable, runs
from dagprof.judge.judgement import Judgement, Kind
from dagprof.model import Run


def suspects(baseline: Run, run: Run, demand: Demand) -> set[str]:
    """The files that seem slower.

    :raises UsageError: the two Runs cannot be compared; the message says why and what to do.
    """
    _refuse(runs.refusal(baseline, run))
    return runs.suspects(runs.judge(baseline, run, demand.timing))


def check_reference(baseline: Run) -> None:
    """Check before any measurement that a comparison with the baseline is possible.

    :raises UsageError: the baseline holds no reference parse.
    """
    _refuse(runs.lacks_reference(baseline))


def decide_by_baseline(
    baseline: Run,
    run: Run,
    name: str,
    demand: Demand,
    version: str = "",
    *,
    again: Run | None = None,
) -> Verdict:
    """Judge a Run by a stored Run, which ``name`` names. Files in ``again`` are judged by their
    times there.

    :raises UsageError: the two Runs cannot be compared; the message says why and what to do.
    """
    if baseline.files and run.files and not comparable.on_both_sides(baseline, run):
        raise UsageError(
            "The baseline and this run have no DAG file in common. Scan the folder that the"
            " baseline covers."
        )
    _refuse(runs.refusal(baseline, run))
    if again is not None and again.files:
        _refuse(runs.refusal(baseline, again))
    judged = runs.judge(baseline, run, demand.timing, again=again)
    compared = Compared(
        base=baseline,
        head=run if again is None else runs.with_times_of(again, run),
        base_name=f"{name} ({baseline.created_at[:10]})",
        head_name="this run",
        doubts=(_doubt(baseline, run),),
    )
    return decide.verdict_on(compared, demand, usable(judged, baseline, run), version)


def usable(judged: Mapping[str, Judgement], base: Run, head: Run) -> dict[str, Judgement]:
    """The judgements that a verdict can rest on: both parses end alike, or the new parse fails
    later than the old one ended.
    """
    alike = comparable.both_timed(base, head)
    return {
        path: judged_
        for path, judged_ in judged.items()
        if judged_.kind is Kind.SLOWER or path in alike
    }


def _refuse(reason: str) -> None:
    if reason:
        raise UsageError(reason)


def _doubt(baseline: Run, run: Run) -> str:
    factor = runs.basis(baseline, run).factor
    return (
        f"The reference parse takes {factor:.2f} times as long as when the baseline was saved. The"
        f" gate ignores parse time changes that are smaller than {runs.LEAST.relative:.0%} or"
        f" smaller than {runs.LEAST.absolute_ms:.0f} ms. To find smaller changes, use `--against`."
    )
