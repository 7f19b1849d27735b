"""DP301: a field that differs in each parse."""

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
    is_here = each.under is Condition.NONE
    # DP402 reports start dates.
    return is_here and not each.is_existence and changing.name_of(each) != "start_date"


RULE = Rule(
    code="DP301",
    name="unstable-field",
    family=Family.STABILITY,
    severity=Severity.ERROR,
    summary="A field of a DAG that differs in each parse.",
    cost="Airflow 3 stores a new version of the DAG after each parse, and every version stays.",
    advice="Compute the value in the task, or use a value that stays the same.",
    bad="""
BashOperator(task_id="load", bash_command=f"load {uuid.uuid4()}")
""",
    good="""
BashOperator(task_id="load", bash_command="load {{ run_id }}")
""",
    find=_find,
)
