"""DP402: a start date that moves with the clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.model import ScheduleKind
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source.callables import is_task_decorator
from dagprof.practices.source.clock import reads_clock
from dagprof.practices.source.module import Module, keyword
from dagprof.practices.source.places import default_args, line_of_dag, line_of_keyword
from dagprof.practices.stability.changing import name_of
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    for file in subject.run.files:
        module = subject.module(file.path)
        kinds = {dag.kind for dag in file.schedules}
        # Only somebody else starts these DAGs, so the start date delays nothing.
        is_manual = bool(kinds) and kinds <= {ScheduleKind.NONE}
        severity = Severity.WARNING if is_manual else None
        cost = "Airflow 3 stores a new version of the DAG for each start date." if is_manual else ""
        found = [
            (value.lineno, f"comes from {call}()", call)
            for value in (start_dates(module) if module is not None else ())
            if module is not None and (call := reads_clock(module, value))
        ]
        moved = [each for each in file.instabilities if name_of(each) == "start_date"]
        if moved and not found:
            line = line_of_keyword(module, "start_date") or line_of_dag(module, moved[0].dag_id)
            found = [(line, f"differs {moved[0].under.where}", "start_date")]
        for line, why, key in found:
            yield RULE.finding(
                file.path,
                line,
                f"The start date {why}, so it moves with the clock.",
                key=key,
                severity=severity,
                cost=cost,
            )


def start_dates(module: Module) -> Iterator[ast.expr]:
    """The values of ``start_date`` in default arguments, and as an argument of DAGs and tasks."""
    found = [
        value
        for each in default_args(module)
        if isinstance(each, ast.Dict)
        for key, value in zip(each.keys, each.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "start_date"
    ]
    for call in module.calls:
        last = module.dotted(call.func).rpartition(".")[2]
        value = keyword(call, "start_date")
        is_airflows = last.endswith(_OWNERS) or is_task_decorator(module, call.func)
        if value is not None and (is_airflows or call in default_args(module)):
            found.append(value)
    for value in dict.fromkeys(found):
        yield module.assigned.get(value.id, value) if isinstance(value, ast.Name) else value


_OWNERS = ("DAG", "dag", "TaskGroup", "task_group", "Operator", "Sensor")
RULE = Rule(
    code="DP402",
    name="moving-start-date",
    family=Family.SCHEDULE,
    severity=Severity.ERROR,
    summary="A start date that moves with the clock.",
    cost=(
        "The end of the first interval moves, too, so runs may never start; each parse changes"
        " the DAG."
    ),
    advice="Write a fixed date, such as datetime(2024, 1, 1).",
    bad="""
with DAG("sales", start_date=datetime.now() - timedelta(days=1), schedule="@daily"):
    ...
""",
    good="""
with DAG("sales", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False):
    ...
""",
    find=_find,
)
