"""What all reports of a verdict word alike: changes, intervals, counts, and which of its facts they show where."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby

from dagprof.gate.verdict import FileVerdict, Finding, Outcome, Timing, Verdict
from dagprof.policy import Rule
from dagprof.report.figures import count, duration

# What the timings decide: a table of changed files tells these already, with figures.
_TIMED_RULES = (Rule.SLOWER, Rule.UNSURE)

CHANGED = (Outcome.REGRESSION, Outcome.CANNOT_TELL, Outcome.IMPROVEMENT)

TITLES = {
    Outcome.REGRESSION: "Slower",
    Outcome.IMPROVEMENT: "Faster",
    Outcome.UNCHANGED: "Unchanged",
    Outcome.CANNOT_TELL: "Cannot tell",
    Outcome.NEW: "New",
    Outcome.GONE: "Gone",
}


def decision(verdict: Verdict) -> str:
    """The decision in one sentence."""
    return f"Gate: {verdict.decision.value}. {verdict.reason}".strip()


def compared(verdict: Verdict) -> str:
    """What was compared with what, how many files were measured, with what outcome, and how many were not."""
    outcomes = [f"{len(files)} {TITLES[outcome].lower()}" for outcome in Outcome if (files := verdict.of(outcome))]
    counted = f"{count(len(verdict.files), 'file')} compared" + (f" ({', '.join(outcomes)})" if outcomes else "")
    unaffected = f", {verdict.unaffected:,} that the change cannot reach" if verdict.unaffected else ""
    took = f"; {duration(verdict.wall_s * 1000)}" if verdict.wall_s else ""
    return f"{verdict.base} → {verdict.head}: {counted}{unaffected}{took}."


def signed(ms: float) -> str:
    """A difference with its sign: ``+12 ms``."""
    if not math.isfinite(ms):
        return "no bound"
    return f"{'−' if ms < 0 else '+'}{duration(abs(ms))}"


def change(timing: Timing) -> str:
    """The change with its share of the base: ``+120 ms (+24 %)``."""
    share = timing.change_share
    if share is None or not math.isfinite(share):
        return signed(timing.change_ms)
    percent = abs(share) * 100
    return f"{signed(timing.change_ms)} ({'−' if share < 0 else '+'}{percent:.{0 if percent >= 10 else 1}f} %)"


def interval(timing: Timing) -> str:
    """Between what the true change lies: ``+80 ms to +160 ms``."""
    return f"{signed(timing.low_ms)} to {signed(timing.high_ms)}"


def medians(timing: Timing) -> str:
    """Both medians: ``500 ms → 620 ms``."""
    return f"{duration(timing.base_ms)} → {duration(timing.head_ms)}"


def timing(file: FileVerdict) -> str:
    """The timing of a file in one line; empty where it has none."""
    if file.timing is None:
        return ""
    return (
        f"{medians(file.timing)}, {change(file.timing)}, between {interval(file.timing)}, "
        f"from {count(file.timing.pairs, 'pair')}"
    )


def changed(verdict: Verdict) -> list[FileVerdict]:
    """The files that a reader has to know of: slower, not decided, faster; the largest change first."""
    return [file for outcome in CHANGED for file in verdict.of(outcome)]


def waived(verdict: Verdict) -> list[Finding]:
    """The findings that were accepted."""
    return [finding for finding in verdict.all_findings if finding.waived]


def open_by_rule(verdict: Verdict) -> Iterator[tuple[Rule, list[Finding]]]:
    """The findings that were not accepted and that the table of changed files does not tell, by rule, errors first."""
    shown = {file.path for file in changed(verdict)}
    found = [f for f in verdict.all_findings if not f.waived and not (f.rule in _TIMED_RULES and f.path in shown)]
    first: dict[Rule, int] = {}
    for position, finding in enumerate(found):
        first.setdefault(finding.rule, position)
    found.sort(key=lambda finding: first[finding.rule])
    for rule, group in groupby(found, key=lambda finding: finding.rule):
        yield rule, list(group)
