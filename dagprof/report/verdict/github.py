"""Workflow commands of GitHub Actions. GitHub shows the findings as annotations at their lines. The
Markdown report is the summary of the step.

GitHub shows only ten errors and ten warnings of a step, so findings that fail the gate come first.
Accepted findings appear only in the summary.
"""

from __future__ import annotations

from dagprof.gate.verdict import Finding, Verdict
from dagprof.report.escape import safe_text
from dagprof.report.verdict import words
from dagprof.report.verdict.places import message, place

_LONGEST = 1000
_LONGEST_PATH = 4096


def render(verdict: Verdict, *, prefix: str = "") -> str:
    """One command per line: first the findings, then the decision."""
    lines = [_annotation(finding, prefix) for finding in verdict.all_findings if not finding.waived]
    lines.append(command("notice", words.decision(verdict), {"title": "dagprof"}))
    return "\n".join(lines) + "\n"


def _annotation(finding: Finding, prefix: str) -> str:
    where = place(finding, prefix)
    properties = {"file": where.path, "line": str(where.line)} if where.path else {}
    properties["title"] = f"dagprof: {finding.rule.value}"
    return command("error" if finding.fails else "warning", message(finding), properties)


def command(name: str, text: str, properties: dict[str, str]) -> str:
    """One workflow command. Every part is made safe."""
    written = ",".join(
        f"{key}={_property(safe_text(value, _LONGEST_PATH))}" for key, value in properties.items()
    )
    return f"::{name} {written}::{_data(safe_text(text, _LONGEST))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
