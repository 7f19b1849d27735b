"""Texts about findings that several formats share."""

from __future__ import annotations

from dagprof.config.checks import Severity
from dagprof.practices.checking import Checked
from dagprof.practices.rule import Finding
from dagprof.quantities import count, enumerated
from dagprof.report.verdict.places import rooted

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "note"}


def place(finding: Finding, prefix: str) -> tuple[str, int]:
    """The path from the root of the repository and the line; the line is 1 if it is unknown."""
    if not finding.path or finding.path.startswith("/"):
        return "", 1
    return rooted(finding.path, prefix), max(1, finding.line)


def text(finding: Finding) -> str:
    """Everything about a finding in one line."""
    return f"{finding.code} {finding.message} {finding.cost} {finding.advice}"


def summary(checked: Checked) -> str:
    """One sentence with the numbers of findings."""
    if not checked.open:
        text = "No findings."
    else:
        parts = [
            count(len(found), severity.value)
            for severity in Severity
            if (found := checked.of(severity))
        ]
        text = f"{enumerated(parts)}."
    text += f" dagprof checked {count(checked.files, 'DAG file')}."
    accepted = len(checked.findings) - len(checked.open)
    return f"{text} {count(accepted, 'more finding')} accepted." if accepted else text
