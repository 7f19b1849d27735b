"""A verdict as the HTML report: the decision on top, and of each file what the gate says, with both sides drawn."""

from __future__ import annotations

import msgspec

from dagprof.analyse.comparison import Change, Comparison, compare
from dagprof.analyse.fleet import Fleet
from dagprof.gate.verdict import Decision, Outcome, Verdict
from dagprof.model import Run
from dagprof.report import html
from dagprof.report.page.overview import Judged
from dagprof.report.verdict import words

_CHANGES = {
    Outcome.REGRESSION: Change.SLOWER,
    Outcome.IMPROVEMENT: Change.FASTER,
    Outcome.UNCHANGED: Change.UNCHANGED,
    Outcome.CANNOT_TELL: Change.UNSURE,
    Outcome.NEW: Change.ADDED,
    Outcome.GONE: Change.REMOVED,
}
_TAGS = {Decision.PASSED: "passed", Decision.FAILED: "failed", Decision.CANNOT_TELL: "unsure"}


def render(verdict: Verdict, base: Run, head: Run, *, with_source: bool) -> str:
    """The page of the new side, compared with the old one; nothing of it is judged again."""
    open_findings = [finding for finding in verdict.all_findings if not finding.waived]
    judged = Judged(
        outcome=words.decision_word(verdict),
        tag=_TAGS[verdict.decision],
        reason=verdict.reason,
        reasons=(
            *(f"{finding.rule.value} ({finding.level.value}): {finding.message}" for finding in open_findings),
            *verdict.notes,
            *verdict.doubts,
        ),
    )
    return html.render(
        head,
        fleet=Fleet(head),
        comparison=_told(compare(base, head), verdict),
        baseline=base,
        verdict=judged,
        with_source=with_source,
    )


def _told(compared: Comparison, verdict: Verdict) -> Comparison:
    """The comparison with the gate's word on each file."""
    files = {file.path: file for file in verdict.files}
    told: Comparison = msgspec.structs.replace(
        compared,
        files=tuple(
            msgspec.structs.replace(each, change=_CHANGES[files[each.path].outcome], reason=files[each.path].reason)
            for each in compared.files
            if each.path in files
        ),
    )
    return told
