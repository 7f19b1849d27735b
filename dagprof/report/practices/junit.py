"""JUnit XML: one test case for each rule and file with a finding, and one for each clean rule."""

from __future__ import annotations

import io

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from dagprof.practices.checking import Checked
from dagprof.practices.registry import RULES
from dagprof.practices.rule import Finding
from dagprof.report.escape import safe_text
from dagprof.report.practices import words

_LONGEST = 2000


def render(checked: Checked, *, prefix: str = "", version: str = "") -> str:
    """The XML document, with one test suite. Hints are in the output of a test that passes."""
    suite = TestSuite("dagprof check")
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in checked.findings:
        groups.setdefault((finding.path, finding.code), []).append(finding)
    for (path, code), found in sorted(groups.items()):
        suite.add_testcase(_case(path or "dagprof", code, found))
    for code in RULES:
        if not any(code == broken for _, broken in groups):
            suite.add_testcase(TestCase(f"{code} {RULES[code].name}", "dagprof", 0.0))
    suite.update_statistics()  # type: ignore[no-untyped-call]
    document = JUnitXml("dagprof check")
    document.add_testsuite(suite)
    stream = io.BytesIO()
    document.write(stream)
    return stream.getvalue().decode("utf-8") + "\n"


def _case(path: str, code: str, found: list[Finding]) -> TestCase:
    case = TestCase(f"{code} {RULES[code].name}", safe_text(path, _LONGEST), 0.0)
    left = [finding for finding in found if not finding.waived]
    lines = [safe_text(f"{each.place}: {words.text(each)}", _LONGEST) for each in left or found]
    if not left:
        case.result = [Skipped(safe_text(found[0].waived, _LONGEST))]
    elif left[0].severity.value == "hint":
        case.system_out = "\n".join(lines)
    else:
        failure = Failure(safe_text(left[0].message, _LONGEST), code)
        failure.text = "\n".join(lines)
        case.result = [failure]
    return case
