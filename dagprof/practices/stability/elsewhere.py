"""DP303: a field that differs on another day or host."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.model import Condition, Instability
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.stability import changing
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    return changing.findings(RULE, subject, _is_wanted)


def _is_wanted(each: Instability) -> bool:
    is_here = each.under is not Condition.NONE
    # DP402 reports start dates.
    return is_here and not each.is_existence and changing.name_of(each) != "start_date"


RULE = Rule(
    code="DP303",
    name="changes-elsewhere",
    family=Family.STABILITY,
    severity=Severity.WARNING,
    summary="A field of a DAG that differs on another day, on another host or in another process.",
    cost="Airflow 3 stores a new version of the DAG whenever the condition changes.",
    advice=(
        "Compute the value in the task, or make it independent of the day, the host and the order"
        " of sets."
    ),
    bad="""
Param(str(datetime.date.today()))
""",
    good="""
Param(None, type=["null", "string"])  # the task takes {{ ds }} if it is empty
""",
    find=_find,
)
