"""DP403: past runs that all run at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.schedule.catchup import amount_of_runs, is_part
from dagprof.practices.source.places import line_of_dag
from dagprof.practices.subject import Subject
from dagprof.quantities import count

_RUNS, _AT_ONCE = 100, 16
_WAITS = re.compile(r"(?:depends_on_past|wait_for_downstream)[\"']?\s*[:=]\s*True")


def _find(subject: Subject) -> Iterator[Finding]:
    for file in subject.run.files:
        module = subject.module(file.path)
        if module is not None and _WAITS.search(module.text):
            continue  # past runs wait for each other
        for dag in file.schedules:
            is_large = (dag.backlog or 0) >= _RUNS and dag.max_active_runs >= _AT_ONCE
            if dag.catchup and is_large and not is_part(dag, file):
                tasks = (dag.backlog or 0) * dag.started_tasks
                yield RULE.finding(
                    file.path,
                    line_of_dag(subject.module(file.path), dag.dag_id),
                    f"{dag.dag_id} may catch up {amount_of_runs(dag)}, {dag.max_active_runs} of"
                    " them at once.",
                    key=dag.dag_id,
                    dag_id=dag.dag_id,
                    cost=f"These runs start {count(tasks, 'task')}, before or beside today's runs.",
                )


RULE = Rule(
    code="DP403",
    name="unbounded-backfill",
    family=Family.SCHEDULE,
    severity=Severity.HINT,
    summary="A DAG with catchup whose past runs may run many at once.",
    cost="The past runs take the slots of today's runs, and load the systems that they use.",
    advice="Set max_active_runs to a small number.",
    bad="""
with DAG("sales", start_date=datetime(2019, 1, 1), schedule="@hourly", catchup=True):
    ...
""",
    good="""
with DAG(
    "sales",
    start_date=datetime(2019, 1, 1),
    schedule="@hourly",
    catchup=True,
    max_active_runs=2,
):
    ...
""",
    find=_find,
)
