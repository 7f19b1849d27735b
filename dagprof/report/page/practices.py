"""The findings of the practice rules in the HTML report."""

from __future__ import annotations

from itertools import groupby

from dagprof.model import Run
from dagprof.practices.checking import Checked
from dagprof.practices.registry import RULES
from dagprof.practices.rule import Finding
from dagprof.report.escape import safe_text
from dagprof.report.page.one_file import address
from dagprof.report.practices import words

Row = dict[str, object]
# Of one rule, so many findings are shown.
_ROWS, _LONGEST = 50, 600


def build(run: Run, checked: Checked) -> Row:
    """All values of the section."""
    known = {file.path for file in run.files}
    ordered = sorted(checked.open, key=lambda each: (each.severity.rank, each.code))
    groups = [list(found) for _, found in groupby(ordered, key=lambda each: each.code)]
    return {
        "summary": words.summary(checked),
        "rules": [_rule(findings, known) for findings in groups],
        "notes": [safe_text(note, _LONGEST) for note in checked.notes],
    }


def _rule(findings: list[Finding], known: set[str]) -> Row:
    first = findings[0]
    rule = RULES[first.code]
    return {
        "code": first.code,
        "name": first.name,
        "severity": first.severity.value,
        "summary": rule.summary,
        "count": len(findings),
        "left_out": max(0, len(findings) - _ROWS),
        "bad": rule.bad.strip("\n"),
        "good": rule.good.strip("\n"),
        "rows": [
            {
                "place": safe_text(each.place, _LONGEST),
                "address": address(each.path) if each.path in known else "",
                "message": safe_text(each.message, _LONGEST),
                "cost": safe_text(each.cost, _LONGEST),
                "advice": safe_text(each.advice, _LONGEST),
            }
            for each in findings[:_ROWS]
        ],
    }
