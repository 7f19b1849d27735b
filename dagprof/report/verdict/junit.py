"""JUnit XML with one test case for each file, and one test case for each rule that a file violates.

Readers of JUnit XML accept only one failure per test case, so each further rule gets its own test
case. The schema allows no properties on a test case. Therefore, the properties of the suite contain
the timings, and the output of each test case describes the timings.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from dagprof.config.policy import DESCRIPTIONS, Rule
from dagprof.gate.verdict import FileVerdict, Finding, Timing, Verdict
from dagprof.judge.judgement import Outcome
from dagprof.report.escape import safe_text
from dagprof.report.verdict import words
from dagprof.report.verdict.places import rooted, shown

_LONGEST = 2000


def render(verdict: Verdict, *, prefix: str = "") -> str:
    """The XML document, with one test suite."""
    suite = TestSuite("dagprof")
    for name, value in _properties(verdict, prefix):
        suite.add_property(_safe(name), _safe(value))
    for file in verdict.files:
        for case in _cases(file, prefix):
            suite.add_testcase(case)
    for case in _rule_cases("dagprof", verdict.findings, prefix):
        suite.add_testcase(case)
    suite.update_statistics()  # type: ignore[no-untyped-call]
    document = JUnitXml("dagprof")
    document.add_testsuite(suite)
    stream = io.BytesIO()
    document.write(stream)
    return stream.getvalue().decode("utf-8") + "\n"


def _properties(verdict: Verdict, prefix: str) -> list[tuple[str, str]]:
    told = [
        ("decision", verdict.decision.value),
        ("reason", verdict.reason),
        ("base", verdict.base),
        ("head", verdict.head),
        ("unaffected", str(verdict.unaffected)),
        ("left out", str(verdict.left_out)),
        ("dagprof", verdict.dagprof_version),
    ]
    told += [(f"doubt {number}", doubt) for number, doubt in enumerate(verdict.doubts, start=1)]
    told += [
        (f"timing {rooted(file.path, prefix)}", _figures(file.timing))
        for file in verdict.files
        if file.timing
    ]
    return told


def _figures(timing: Timing) -> str:
    names = ("base_ms", "head_ms", "change_ms", "low_ms", "high_ms", "pairs")
    return " ".join(f"{name}={getattr(timing, name):.6g}" for name in names)


def _cases(file: FileVerdict, prefix: str) -> list[TestCase]:
    path = _safe(rooted(file.path, prefix))
    timed = [finding for finding in file.findings if finding.rule in words.TIMED_RULES]
    case = TestCase(
        "parse time", path, round(file.timing.head_ms / 1000, 6) if file.timing else 0.0
    )
    failing = [finding for finding in timed if finding.fails]
    if failing:
        case.result = [_failure(failing[0].rule, failing, prefix)]
    elif file.outcome is Outcome.CANNOT_TELL:
        case.result = [Skipped(_safe(file.reason))]
    lines = [
        "" if case.result else file.reason,
        words.timing(file),
        *(_line(finding, prefix) for finding in timed if not finding.fails),
        *file.notes,
    ]
    case.system_out = "\n".join(_safe(line) for line in lines if line)
    others = [finding for finding in file.findings if finding.rule not in words.TIMED_RULES]
    return [case, *_rule_cases(path, others, prefix)]


def _rule_cases(classname: str, findings: Sequence[Finding], prefix: str) -> list[TestCase]:
    cases = []
    for rule in dict.fromkeys(finding.rule for finding in findings):
        found = [finding for finding in findings if finding.rule is rule]
        failing = [finding for finding in found if finding.fails]
        case = TestCase(rule.value, classname, 0.0)
        if failing:
            case.result = [_failure(rule, failing, prefix)]
        rest = [_safe(_line(finding, prefix)) for finding in found if not finding.fails]
        if rest:
            case.system_out = "\n".join(rest)
        cases.append(case)
    return cases


def _failure(rule: Rule, findings: Sequence[Finding], prefix: str) -> Failure:
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    failure = Failure(_safe(findings[0].message) + more, rule.value)
    failure.text = "\n".join(
        [DESCRIPTIONS[rule], *(_safe(_line(finding, prefix)) for finding in findings)]
    )
    return failure


def _line(finding: Finding, prefix: str) -> str:
    where = shown(finding, prefix)
    text = f"{where}: {finding.message}" if where else finding.message
    return f"{text}; {finding.waived}" if finding.waived else text


def _safe(text: str) -> str:
    return safe_text(text, _LONGEST)
