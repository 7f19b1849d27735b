"""DP302: a DAG that exists only in some parses."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.model import Instability
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.stability import changing
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    return changing.findings(RULE, subject, _is_wanted)


def _is_wanted(each: Instability) -> bool:
    return each.is_existence


RULE = Rule(
    code="DP302",
    name="unstable-dag",
    family=Family.STABILITY,
    severity=Severity.ERROR,
    summary="A DAG that exists only in some parses, days or places.",
    cost="The DAG appears and disappears, and its running tasks fail because their DAG is missing.",
    advice=(
        "Derive the ids of DAGs from a file or a constant, not from the time, the host or a"
        " random value."
    ),
    bad="""
with DAG(f"load_{datetime.date.today()}"):
    ...
""",
    good="""
with DAG("load", schedule="@daily"):
    ...
""",
    find=_find,
)
