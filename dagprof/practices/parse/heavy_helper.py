"""DP102: a helper with an import that the DAG files do not need."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.costs import in_loops
from dagprof.practices.parse import slow_import
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject
from dagprof.quantities import count, duration


def _find(subject: Subject) -> Iterator[Finding]:
    for change, each_ms in slow_import.imports(subject):
        if change.place.file in subject.files:
            continue
        loaded = change.loads[0] if change.loads else "a module"
        files = count(change.files, "DAG file")
        message = (
            f"This helper imports {loaded}, which takes {duration(each_ms)} of each parse of"
            f" {files}; no DAG needs it."
        )
        yield RULE.finding(
            change.place.file,
            change.place.line,
            message,
            key=loaded,
            cost=in_loops(subject, change.saving_ms, change.files),
            advice=slow_import.advice(change) if change.is_unused or change.in_hints else "",
        )


RULE = Rule(
    code="DP102",
    name="heavy-helper",
    family=Family.PARSE,
    severity=Severity.WARNING,
    summary="A helper whose slow import the DAG files that use the helper do not need.",
    cost="Each parse of each DAG file that imports the helper runs the import.",
    advice="Move the import into the function of the helper that uses it.",
    bad="""
# common/reports.py, which 26 DAG files import for DEFAULTS
import pandas

DEFAULTS = {"retries": 2}

def to_frame(rows):
    return pandas.DataFrame(rows)
""",
    good="""
# common/reports.py
DEFAULTS = {"retries": 2}

def to_frame(rows):
    import pandas

    return pandas.DataFrame(rows)
""",
    find=_find,
)
