"""DP110: a parse that comes close to Airflow's time-out."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.model import Status
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject
from dagprof.quantities import duration

_SHARE = 0.5


def _find(subject: Subject) -> Iterator[Finding]:
    limit_ms = subject.run.environment.import_timeout_s * 1000
    for file in subject.run.files:
        if file.status is Status.TIMED_OUT:
            message = f"Airflow stopped the parse of {file.path} at a time limit."
            yield RULE.finding(file.path, 0, message, key="stopped")
        elif limit_ms and file.is_timed and file.own_ms >= _SHARE * limit_ms:
            message = (
                f"The parse takes {duration(file.own_ms)}, and Airflow stops it after"
                f" {duration(limit_ms)} (dagbag_import_timeout)."
            )
            yield RULE.finding(file.path, 0, message, key="close")


RULE = Rule(
    code="DP110",
    name="near-timeout",
    family=Family.PARSE,
    severity=Severity.ERROR,
    summary="A parse that takes more than half of Airflow's time limit.",
    cost="On a busy machine the DAGs of the file disappear with an import error.",
    advice="Make the changes that `dagprof explain` proposes for the file, or split the file.",
    bad="""
# 25 s of imports and loops in one file, with a limit of 30 s
""",
    good="""
# several files, each of which is parsed in less than a second
""",
    find=_find,
)
