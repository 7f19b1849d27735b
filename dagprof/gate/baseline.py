"""The verdict on a Run compared with a stored Run. The judge compares the parse times of both Runs,
and the gate applies all rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from dagprof.errors import UsageError
from dagprof.gate import decide
from dagprof.gate.decide import Compared, Demand
from dagprof.gate.verdict import Verdict
from dagprof.judge import comparable, runs, speeds
from dagprof.judge.judgement import Judgement, Kind
from dagprof.model import Run
from dagprof.quantities import count


def suspects(baseline: Run, run: Run, demand: Demand) -> set[str]:
    """The files that seem slower than in the baseline.

    :raises UsageError: the two Runs cannot be compared. The message gives the reason and the next
    step.
    """
    _refuse(speeds.refusal(baseline, run))
    return runs.suspects(runs.judge(baseline, run, demand.timing))


def check_reference(baseline: Run) -> None:
    """Check that a comparison with the baseline is possible. A command uses this check before the
    measurement.

    :raises UsageError: the baseline has no reference parse.
    """
    _refuse(speeds.lacks_reference(baseline))


def decide_by_baseline(
    baseline: Run,
    run: Run,
    name: str,
    demand: Demand,
    version: str = "",
    *,
    again: Run | None = None,
) -> Verdict:
    """Compare a Run with a stored Run. ``name`` is the name of the stored Run in reports. For files
    in ``again``, the gate uses the times in ``again``.

    :raises UsageError: the two Runs cannot be compared. The message gives the reason and the next
    step.
    """
    if baseline.files and run.files and not comparable.on_both_sides(baseline, run):
        raise UsageError(
            "The baseline and this run have no DAG file in common. Scan the folder that the"
            " baseline covers."
        )
    _refuse(speeds.refusal(baseline, run))
    if again is not None and again.files:
        _refuse(speeds.refusal(baseline, again))
    judged = runs.judge(baseline, run, demand.timing, again=again)
    compared = Compared(
        base=baseline,
        head=run if again is None else runs.with_times_of(again, run),
        base_name=f"{name} ({baseline.created_at[:10]})",
        head_name="this run",
        doubts=(_doubt(baseline, run, demand),),
    )
    return decide.verdict_on(compared, demand, usable(judged, baseline, run), version)


def usable(judged: Mapping[str, Judgement], base: Run, head: Run) -> dict[str, Judgement]:
    """The judgements that the verdict can use. In such a judgement, both parses end with the same
    result, or the new parse fails later than the old parse ended.
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


def _doubt(baseline: Run, run: Run, demand: Demand) -> str:
    factor = speeds.basis(baseline, run).factor
    paths = comparable.on_both_sides(baseline, run) or ("",)
    wanted = [demand.timing(path) for path in paths]
    (used, files), *others = Counter(each.at_least(runs.LEAST) for each in wanted).most_common()
    text = (
        "The reference parse, which shows how fast the machine is, takes"
        f" {factor:.2f} times as long as when the baseline was saved. The gate ignores parse time"
        f" changes that are smaller than {100 * used.relative:g} % or smaller than"
        f" {used.absolute_ms:,g} ms."
    )
    if others:
        text += (
            f" For {count(len(wanted) - files, 'file')}, overrides in the configuration set other"
            " limits."
        )
    # Without a baseline, the gate uses limits below the least limits of two runs.
    is_raised = any(each != each.at_least(runs.LEAST) for each in wanted)
    return f"{text} To find smaller changes, use `--against`." if is_raised else text
