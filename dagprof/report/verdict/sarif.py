"""SARIF 2.1.0, for code scanning.

This module writes plain values without a SARIF library. One SARIF library had its last release in
2019, and another library would install pydantic in the user's environment. The tests validate the
result with the published schema.
"""

from __future__ import annotations

from urllib.parse import quote

from dagprof.config.policy import DEFAULT_LEVELS, DESCRIPTIONS, Level, Rule
from dagprof.gate.verdict import Decision, Finding, Verdict
from dagprof.report.escape import safe_text
from dagprof.report.verdict.json_ import indented
from dagprof.report.verdict.places import message, place, with_fingerprints

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.OFF: "none"}
_RULES = tuple(Rule)
_LONGEST = 2000


def render(verdict: Verdict, *, prefix: str = "") -> str:
    """The SARIF log with one run. Paths are relative to ``%SRCROOT%``, the root of the
    repository.
    """
    run = {
        "tool": {"driver": _driver(verdict)},
        # All runs of the tool share one root, so that code scanning replaces an earlier run's
        # results.
        "automationDetails": {"id": "dagprof/"},
        "invocations": [_invocation(verdict)],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(finding, mark, prefix)
            for finding, mark in with_fingerprints(verdict.all_findings)
        ],
        "properties": {
            "decision": verdict.decision.value,
            "unaffected": verdict.unaffected,
            "leftOut": verdict.left_out,
        },
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return indented(log)


def _driver(verdict: Verdict) -> dict[str, object]:
    version = {"version": safe_text(verdict.dagprof_version)} if verdict.dagprof_version else {}
    return {"name": "dagprof", **version, "rules": [_rule(rule) for rule in _RULES]}


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.value,
        "name": "".join(word.capitalize() for word in rule.value.split("-")),
        "shortDescription": {"text": DESCRIPTIONS[rule]},
        "fullDescription": {"text": DESCRIPTIONS[rule]},
        "defaultConfiguration": {"level": _LEVELS[DEFAULT_LEVELS[rule]]},
        "properties": {"tags": ["performance", "airflow"]},
    }


def _invocation(verdict: Verdict) -> dict[str, object]:
    notes = [
        {"level": "note", "message": {"text": _safe(text)}}
        for text in (*verdict.notes, *verdict.doubts)
    ]
    if verdict.decision is Decision.CANNOT_TELL:
        notes.insert(0, {"level": "warning", "message": {"text": _safe(verdict.reason)}})
    return {"executionSuccessful": True, **({"toolExecutionNotifications": notes} if notes else {})}


def _result(finding: Finding, mark: str, prefix: str) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": finding.rule.value,
        "ruleIndex": _RULES.index(finding.rule),
        "level": _LEVELS[finding.level],
        "message": {"text": _safe(message(finding))},
        "partialFingerprints": {"dagprofFinding/v1": mark},
    }
    where = place(finding, prefix)
    if where.path:
        location = {
            "artifactLocation": {"uri": uri(where.path), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": where.line},
        }
        result["locations"] = [{"physicalLocation": location}]
    if finding.waived:
        kind = "inSource" if finding.is_waived_in_source else "external"
        result["suppressions"] = [{"kind": kind, "justification": _safe(finding.waived)}]
    return result


def uri(path: str) -> str:
    """A path as relative URI reference. A name that is not valid text keeps its bytes."""
    try:
        encoded = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        encoded = path.encode("utf-8", "backslashreplace")
    return quote(encoded)


def _safe(text: str) -> str:
    return safe_text(text, _LONGEST)
