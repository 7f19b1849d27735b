"""DP401: a DAG whose past runs Airflow creates when somebody turns the DAG on."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.model import DagSchedule, FileResult
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source.module import Module
from dagprof.practices.source.places import line_of_argument, line_of_dag
from dagprof.practices.subject import Subject
from dagprof.quantities import count


def _find(subject: Subject) -> Iterator[Finding]:
    for file in subject.run.files:
        for dag in {each.dag_id: each for each in file.schedules}.values():
            has_backlog = bool(dag.backlog) or dag.has_more_backlog
            if dag.catchup and has_backlog and not is_part(dag, file):
                module = subject.module(file.path)
                line = line_of_argument(module, "catchup") or line_of_dag(module, dag.dag_id)
                yield RULE.finding(
                    file.path,
                    line,
                    f"{dag.dag_id} catches up: without earlier runs, the scheduler would create"
                    f" {amount_of_runs(dag)} today{_since(dag)}.",
                    key=dag.dag_id,
                    dag_id=dag.dag_id,
                    advice=_advice(module),
                )


def _since(dag: DagSchedule) -> str:
    return f", from {dag.start_date[:10]} on" if dag.start_date else ""


def is_part(dag: DagSchedule, file: FileResult) -> bool:
    """Whether a DAG is the part of another DAG (a SubDAG of Airflow 2), which starts its runs."""
    return dag.dag_id.rpartition(".")[0] in file.dag_ids


def amount_of_runs(dag: DagSchedule) -> str:
    """The number of runs of a backlog, in words."""
    number = count(dag.backlog or 0, "run")
    return f"more than {number}" if dag.has_more_backlog else number


def _advice(module: Module | None) -> str:
    """The advice, if nobody wrote ``catchup`` into the file."""
    if module is not None and line_of_argument(module, "catchup"):
        return RULE.advice
    if module is not None and "catchup" in module.text:
        return "Set catchup=False as an argument of the DAG; in default_args it has no effect."
    return (
        "Set catchup=False; the value comes from the default of Airflow or from its configuration."
    )


RULE = Rule(
    code="DP401",
    name="catchup",
    family=Family.SCHEDULE,
    severity=Severity.WARNING,
    summary="A DAG with catchup, whose past runs Airflow creates when somebody turns the DAG on.",
    cost="The scheduler creates a run for each interval since the start date that has none.",
    advice="Set catchup=False, or move the start date to the first day that has to be processed.",
    bad="""
with DAG("sales", start_date=datetime(2019, 1, 1), schedule="@hourly", catchup=True):
    ...
""",
    good="""
with DAG("sales", start_date=datetime(2019, 1, 1), schedule="@hourly", catchup=False):
    ...
""",
    find=_find,
)
