"""Workflow commands of GitHub Actions, one for each finding that nobody accepted."""

from __future__ import annotations

from dagprof.config.checks import Severity
from dagprof.practices.checking import Checked
from dagprof.practices.rule import Finding
from dagprof.report.practices import words
from dagprof.report.verdict.github import command

_NAMES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "notice"}


def render(checked: Checked, *, prefix: str = "", version: str = "") -> str:
    """One command per line: the most important findings first, then the summary."""
    lines = [_annotation(finding, prefix) for finding in checked.open]
    lines.append(command("notice", words.summary(checked), {"title": "dagprof"}))
    return "\n".join(lines) + "\n"


def _annotation(finding: Finding, prefix: str) -> str:
    path, line = words.place(finding, prefix)
    properties = {"file": path, "line": str(line)} if path else {}
    properties["title"] = f"dagprof: {finding.code} {finding.name}"
    return command(_NAMES[finding.severity], words.text(finding), properties)
