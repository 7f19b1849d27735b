"""SARIF 2.1.0 for findings, with the help text of each rule."""

from __future__ import annotations

from dagprof.practices.baseline import fingerprint
from dagprof.practices.checking import Checked
from dagprof.practices.registry import RULES
from dagprof.practices.rule import Finding, Rule
from dagprof.report.escape import safe_text
from dagprof.report.practices import words
from dagprof.report.verdict.json_ import indented
from dagprof.report.verdict.sarif import SCHEMA, uri

_CODES = tuple(RULES)
_LONGEST = 2000


def render(checked: Checked, *, prefix: str = "", version: str = "") -> str:
    """The SARIF log with one run. Paths are relative to ``%SRCROOT%``."""
    named = {"version": safe_text(version)} if version else {}
    notes = [
        {"level": "note", "message": {"text": safe_text(text, _LONGEST)}} for text in checked.notes
    ]
    invocation: dict[str, object] = {"executionSuccessful": True}
    if notes:
        invocation["toolExecutionNotifications"] = notes
    run = {
        "tool": {"driver": {"name": "dagprof", **named, "rules": list(map(_rule, RULES.values()))}},
        "automationDetails": {"id": "dagprof-check/"},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, prefix) for finding in checked.findings],
    }
    return indented({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: Rule) -> dict[str, object]:
    good, bad = rule.good.strip(), rule.bad.strip()
    plain = f"{rule.summary} {rule.cost} {rule.advice}"
    marked = f"{plain}\n\nBad:\n\n```python\n{bad}\n```\n\nGood:\n\n```python\n{good}\n```\n"
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": plain},
        "help": {"text": f"{plain}\n\nBad:\n\n{bad}\n\nGood:\n\n{good}\n", "markdown": marked},
        "defaultConfiguration": {"level": words.LEVELS[rule.severity]},
        "properties": {"tags": ["airflow", rule.family.value]},
    }


def _result(finding: Finding, prefix: str) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": finding.code,
        "ruleIndex": _CODES.index(finding.code),
        "level": words.LEVELS[finding.severity],
        "message": {"text": safe_text(words.text(finding), _LONGEST)},
        "partialFingerprints": {"dagprofCheck/v1": fingerprint(finding)},
    }
    path, line = words.place(finding, prefix)
    if path:
        where = {
            "artifactLocation": {"uri": uri(path), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": line},
        }
        result["locations"] = [{"physicalLocation": where}]
    if finding.waived:
        result["suppressions"] = [
            {"kind": "external", "justification": safe_text(finding.waived, _LONGEST)}
        ]
    return result
