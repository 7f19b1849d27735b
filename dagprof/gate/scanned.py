"""Converts the options ``--fail-on-regression`` and ``--fail-on`` of a scan into a demand, and
applies the gate.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dagprof.config.policy import Level, Policy, Rule
from dagprof.errors import UsageError
from dagprof.gate import decide as deciding
from dagprof.gate.baseline import usable
from dagprof.gate.decide import Compared, Demand
from dagprof.gate.verdict import Decision, Verdict
from dagprof.judge import comparable
from dagprof.judge.judgement import Judgement
from dagprof.model import Run
from dagprof.quantities import count

FAIL_ON = ("import-error", "unsure")


def check_fail_on(names: Iterable[str]) -> tuple[str, ...]:
    """The values of ``--fail-on``, if all values are known.

    :raises UsageError: a value is unknown.
    """
    for name in names:
        if name not in FAIL_ON:
            raise UsageError(
                f"Unknown value {name!r} for --fail-on. Choose from {', '.join(FAIL_ON)}."
            )
    return tuple(names)


def demand(regression: str | None, floor: str = "0ms", fail_on: Sequence[str] = ()) -> Demand:
    """A demand that contains only the rules of these options.

    ``regression`` is the share of ``--fail-on-regression``, or None without the option. ``floor``
    is a duration. ``fail_on`` holds names of ``FAIL_ON``. Inconclusive files fail the gate only
    together with ``--fail-on-regression``.
    """
    levels = {**dict.fromkeys(Rule, Level.OFF), Rule.UNSURE: Level.WARNING}
    if "import-error" in fail_on:
        levels[Rule.IMPORT_ERROR] = Level.ERROR
    if regression is not None:
        levels[Rule.SLOWER] = Level.ERROR
        levels[Rule.UNSURE] = Level.ERROR if "unsure" in fail_on else Level.WARNING
    return Demand(
        today=datetime.date.min,  # nothing is waived here, so the day does not matter
        policy=Policy(relative=regression or "0%", absolute=floor, rules=levels),
        asks_for_times=regression is not None,
        every_failure=True,
    )


def decide(
    run: Run, baseline: Run | None, judged: Mapping[str, Judgement], asked: Demand
) -> Verdict:
    """The verdict on a scan. If there is a baseline, the verdict compares the scan with the
    baseline.

    ``judged`` is the judgement of ``dagprof.judge.runs`` on both Runs. If the Runs have no DAG file
    in common, the verdict is inconclusive.
    """
    base = baseline if baseline is not None else msgspec.structs.replace(run, files=())
    compared = Compared(base=base, head=run, base_name="the baseline", head_name="this run")
    verdict = deciding.verdict_on(compared, asked, usable(judged, base, run), "")
    decision = verdict.decision
    if (
        decision is Decision.PASSED
        and asked.asks_for_times
        and not comparable.on_both_sides(base, run)
    ):
        decision = Decision.CANNOT_TELL
    worded: Verdict = msgspec.structs.replace(
        verdict, decision=decision, reason=_reason(verdict, run, decision, asked)
    )
    return worded


def _reason(verdict: Verdict, run: Run, decision: Decision, asked: Demand) -> str:
    """One sentence for the whole scan. The sentence counts files and not findings, because a scan
    applies only one or two rules.
    """
    if decision is Decision.FAILED:
        files = len({finding.path for finding in verdict.all_findings if finding.fails})
        return f"{count(files, 'file')} {'fails' if files == 1 else 'fail'} the gate."
    if decision is Decision.CANNOT_TELL:
        return _open(verdict, run)
    if not asked.asks_for_times:
        return "No file fails the gate."
    return "No file slowed down by more than the limits allow."


def _open(verdict: Verdict, run: Run) -> str:
    left = {file.path for file in verdict.files if file.may_be_slower}
    if not left and verdict.decision is Decision.PASSED:
        return (
            "The baseline and this run have no DAG file in common. Compare runs of the same folder."
        )
    if left and left <= {file.path for file in run.needy}:
        return (
            f"No file fails the gate, but {count(len(left), 'file')}"
            f" {'needs' if len(left) == 1 else 'need'} values that dagprof does not have. Supply"
            " the values with --variables, --connections or --env-file."
        )
    return verdict.reason
