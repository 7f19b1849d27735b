"""DP903: many tasks in containers of their own."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.executor.containers import container_executor
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source.places import line_of_dag
from dagprof.practices.subject import Subject

_TASKS, _STARTS = 50, 1000


def _find(subject: Subject) -> Iterator[Finding]:
    executor = container_executor(subject)
    for file in subject.run.files if executor else ():
        for dag in file.schedules:
            starts = dag.starts_per_day or 0.0
            if dag.started_tasks >= _TASKS and starts >= _STARTS:
                yield RULE.finding(
                    file.path,
                    line_of_dag(subject.module(file.path), dag.dag_id),
                    f"{dag.dag_id} starts {dag.started_tasks} tasks in each run, and {starts:,.0f}"
                    f" containers a day with {executor}.",
                    key=dag.dag_id,
                    dag_id=dag.dag_id,
                )


RULE = Rule(
    code="DP903",
    name="many-tiny-tasks",
    family=Family.EXECUTOR,
    severity=Severity.HINT,
    summary=(
        "A DAG with many tasks and many runs, on an executor that starts a container for each task."
    ),
    cost="Each task waits for its container and for the import of Airflow.",
    advice="Do several small steps in one task, or run this DAG on another executor.",
    bad="""
# every five minutes, in a container for each table
for table in TABLES:
    copy(table)
""",
    good="""
@task
def copy_all():
    for table in TABLES:
        copy(table)
""",
    find=_find,
)
