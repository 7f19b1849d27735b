"""A code quality report for GitLab: a list of findings. The report omits accepted findings, because
GitLab would count accepted findings as new.
"""

from __future__ import annotations

from dagprof.config.policy import Level
from dagprof.gate.verdict import Finding, Verdict
from dagprof.report.escape import safe_text
from dagprof.report.verdict.json_ import indented
from dagprof.report.verdict.places import message, place, with_fingerprints

_SEVERITIES = {Level.ERROR: "major", Level.WARNING: "minor", Level.OFF: "info"}
_LONGEST = 1000
_LONGEST_PATH = 4096


def render(verdict: Verdict, *, prefix: str = "") -> str:
    """The report as text. GitLab requires a path for each finding, so a finding without a file gets
    the path of the bundle root.
    """
    found = [
        _entry(finding, mark, prefix)
        for finding, mark in with_fingerprints(verdict.all_findings)
        if not finding.waived
    ]
    return indented(found)


def _entry(finding: Finding, mark: str, prefix: str) -> dict[str, object]:
    where = place(finding, prefix)
    path = where.path or prefix.strip("/") or "."
    return {
        "description": safe_text(message(finding), _LONGEST),
        "check_name": finding.rule.value,
        "fingerprint": mark,
        "severity": _SEVERITIES[finding.level],
        "location": {"path": safe_text(path, _LONGEST_PATH), "lines": {"begin": where.line}},
    }
