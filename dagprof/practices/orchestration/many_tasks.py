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
        # Without the schedules, only the sum of all DAGs is known.
        sizes = {dag.dag_id: dag.tasks for dag in file.schedules} or {
            dag_id: file.task_count // len(file.dag_ids) for dag_id in file.dag_ids[:1]
        }
        large = max(sizes, key=lambda dag_id: sizes[dag_id], default="")
        if not large or sizes[large] <= _MANY:
            continue
        ms = file.samples.median("serialise_ms")
        yield RULE.finding(
            file.path,
            0,
            f"The DAG {large} has {sizes[large]:,} tasks.",
            key="many",
            cost=f"Serialising the DAGs takes {duration(ms)} of each parse.",
            dag_id=large,
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
