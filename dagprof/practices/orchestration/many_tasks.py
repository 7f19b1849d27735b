"""DP203: a DAG with very many tasks."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject
from dagprof.quantities import duration

_MANY = 500


def _find(subject: Subject) -> Iterator[Finding]:
    for file in subject.run.files:
        if not file.dag_ids or file.task_count < _MANY * len(file.dag_ids):
            continue
        per_dag = file.task_count // len(file.dag_ids)
        ms = file.samples.median("serialise_ms")
        yield RULE.finding(
            file.path,
            0,
            f"This file builds DAGs of {per_dag:,} tasks.",
            key="many",
            cost=f"Serialising the DAGs takes {duration(ms)} of each parse.",
        )


RULE = Rule(
    code="DP203",
    name="many-tasks",
    family=Family.ORCHESTRATION,
    severity=Severity.HINT,
    summary="A DAG with more than 500 tasks.",
    cost="The scheduler examines all tasks of a run again and again.",
    advice="Map one task over the values with expand(), or split the DAG.",
    bad="""
for number in range(2000):
    BashOperator(task_id=f"load_{number}", bash_command=f"load {number}")
""",
    good="""
BashOperator.partial(task_id="load").expand(bash_command=commands())
""",
    find=_find,
)
