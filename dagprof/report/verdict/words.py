"""Texts that all reports about a verdict share: changes, intervals, counts, and the selection of
facts.
"""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.policy import Level, Rule
from dagprof.gate.verdict import Decision, FileVerdict, Finding, Timing, Verdict
from dagprof.judge.judgement import Outcome
from dagprof.quantities import count, duration

# Rules about the times of a file. The table of changed files already shows their findings, with
# figures.
TIMED_RULES = (Rule.SLOWER, Rule.UNSURE)

CHANGED = (Outcome.REGRESSION, Outcome.CANNOT_TELL, Outcome.IMPROVEMENT)

TITLES = {
    Outcome.REGRESSION: "Slower",
    Outcome.IMPROVEMENT: "Faster",
    Outcome.UNCHANGED: "Unchanged",
    Outcome.CANNOT_TELL: "Inconclusive",
    Outcome.NEW: "New",
    Outcome.GONE: "Gone",
}

_DECISIONS = {
    Decision.PASSED: "passed",
    Decision.FAILED: "failed",
    Decision.CANNOT_TELL: "inconclusive",
}


def decision_word(verdict: Verdict) -> str:
    """The decision as one word for people. Machine-readable reports contain the enum value
    instead.
    """
    return _DECISIONS[verdict.decision]


def decision(verdict: Verdict) -> str:
    """The decision and its reason."""
    return f"Gate: {decision_word(verdict)}. {verdict.reason}".strip()


def compared(verdict: Verdict) -> str:
    """The compared versions, the number of files with each outcome, and the number of files that
    dagprof did not measure.
    """
    outcomes = [
        f"{len(files)} {TITLES[outcome].lower()}"
        for outcome in Outcome
        if (files := verdict.of(outcome))
    ]
    counted = f"{count(len(verdict.files), 'file')} compared" + (
        f" ({', '.join(outcomes)})" if outcomes else ""
    )
    parts = [f"{verdict.base} → {verdict.head}: {counted}."]
    if verdict.left_out:
        left_out = count(verdict.left_out, "other file")
        parts.append(f"The change may affect {left_out}, which dagprof did not measure.")
    if verdict.unaffected:
        parts.append(f"The change does not affect {count(verdict.unaffected, 'file')}.")
    if verdict.wall_s:
        parts.append(f"The measurement took {duration(verdict.wall_s * 1000)}.")
    return " ".join(parts)


def signed(ms: float) -> str:
    """A difference with its sign: ``+12 ms``."""
    return f"{'−' if ms < 0 else '+'}{duration(abs(ms))}"


def change(timing: Timing) -> str:
    """The change in ms and as a share of the base: ``+120 ms (+24 %)``."""
    share = timing.change_share
    if share is None:
        return signed(timing.change_ms)
    percent = abs(share) * 100
    return (
        f"{signed(timing.change_ms)}"
        f" ({'−' if share < 0 else '+'}{percent:,.{0 if percent >= 10 else 1}f} %)"
    )


def interval(timing: Timing) -> str:
    """The interval of the change: ``+80 ms to +160 ms``."""
    return f"{signed(timing.low_ms)} to {signed(timing.high_ms)}"


def medians(timing: Timing) -> str:
    """The medians of both versions: ``500 ms → 620 ms``."""
    return f"{duration(timing.base_ms)} → {duration(timing.head_ms)}"


def timing(file: FileVerdict) -> str:
    """The timing of a file in one line. Empty if the file has no timing."""
    if file.timing is None:
        return ""
    return (
        f"median parse time {medians(file.timing)}, change {change(file.timing)}, interval of the"
        f" change {interval(file.timing)}, from {count(file.timing.pairs, 'pair')} of parses"
    )


def why(file: FileVerdict) -> str:
    """The reason without the file name at the beginning. Tables already show the file name."""
    return file.reason.removeprefix(file.path).lstrip(": ")


def title(file: FileVerdict) -> str:
    """The outcome of a file, with a mark if a waiver accepts the outcome."""
    is_accepted = any(finding.waived for finding in file.findings if finding.rule in TIMED_RULES)
    return f"{TITLES[file.outcome]} (accepted)" if is_accepted else TITLES[file.outcome]


def changed(verdict: Verdict) -> list[FileVerdict]:
    """The slower, inconclusive and faster files. Within each group, the file with the largest
    change comes first.
    """
    return [file for outcome in CHANGED for file in verdict.of(outcome)]


def new_files(verdict: Verdict) -> list[FileVerdict]:
    """The new files, the slowest first."""
    return sorted(verdict.of(Outcome.NEW), key=lambda file: -(file.parse_ms or 0.0))


def accepted(verdict: Verdict) -> list[tuple[Finding, str]]:
    """The accepted findings, each with the message, the last day and the reason of the waiver. The
    message is omitted if the table of changed files already shows the message.
    """
    told = _told(verdict)
    found = [finding for finding in verdict.all_findings if finding.waived]
    return [(f, f.waived if _is_told(f, told) else f"{f.message}; {f.waived}") for f in found]


def open_by_rule(verdict: Verdict) -> Iterator[tuple[Rule, Level, list[Finding]]]:
    """The findings that no waiver accepts, grouped by rule and level. Errors come first. Findings
    that the table of changed files already shows are omitted.
    """
    told = _told(verdict)
    found: dict[tuple[Rule, Level], list[Finding]] = {}
    for finding in verdict.all_findings:
        if not (finding.waived or _is_told(finding, told)):
            found.setdefault((finding.rule, finding.level), []).append(finding)
    for (rule, level), findings in sorted(
        found.items(), key=lambda item: item[0][1] is not Level.ERROR
    ):
        yield rule, level, findings


def reasons(verdict: Verdict) -> list[str]:
    """The reasons why the gate fails or is inconclusive, one sentence for each reason. If the gate
    fails, only the findings that fail the gate count.
    """
    found = [finding for finding in verdict.all_findings if not finding.waived]
    if verdict.decision is Decision.PASSED:
        return []
    if verdict.decision is Decision.FAILED:
        found = [finding for finding in found if finding.fails]
    return [_with_place(finding) for finding in found]


def _with_place(finding: Finding) -> str:
    """The message with the place of the failure. The messages of all other rules already contain
    their line.
    """
    has_place = finding.rule is Rule.IMPORT_ERROR and finding.line > 0
    return f"{finding.message} ({finding.file}:{finding.line})" if has_place else finding.message


def _told(verdict: Verdict) -> set[str]:
    return {file.path for file in changed(verdict)}


def _is_told(finding: Finding, told: set[str]) -> bool:
    return finding.rule in TIMED_RULES and finding.path in told
