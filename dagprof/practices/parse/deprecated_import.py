"""DP112: an import path that Airflow warns about in each parse."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject

_WARNING = re.compile(
    r"(?P<file>[^\n:]+\.py):(?P<line>\d{1,7}):"
    r" (?P<kind>[\w.]*(?:Deprecat|RemovedIn)\w*): (?P<text>.*)",
    re.DOTALL,
)
_LONGEST = 200


def _find(subject: Subject) -> Iterator[Finding]:
    seen = set()
    for file in subject.run.files:
        for warning in file.warnings:
            match = _WARNING.match(warning.strip())
            if match is None:
                continue
            path, line = subject.shown(match["file"]), int(match["line"])
            module = subject.module(path)
            statement = module.statement_at(line) if module is not None else None
            is_import = type(statement).__name__ in ("Import", "ImportFrom")
            if not (is_import or "DeprecatedImport" in match["kind"]) or (path, line) in seen:
                continue
            seen.add((path, line))
            text = " ".join(match["text"].split())
            yield RULE.finding(
                path,
                line,
                f"The import path is deprecated: {text[:_LONGEST]}",
                key=text[:_LONGEST],
            )


RULE = Rule(
    code="DP112",
    name="deprecated-import",
    family=Family.PARSE,
    severity=Severity.WARNING,
    summary="An import path that Airflow warns about in each parse.",
    cost="Each parse writes the warning, and a later Airflow cannot load the file.",
    advice="Import from the path that the warning names.",
    bad="""
from airflow.operators.bash import BashOperator
""",
    good="""
from airflow.providers.standard.operators.bash import BashOperator
""",
    find=_find,
)
