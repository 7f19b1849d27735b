"""DP902: a slow parse at each start of a container."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.executor.containers import container_executor
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject
from dagprof.quantities import duration

_LEAST_MS = 1000.0


def _find(subject: Subject) -> Iterator[Finding]:
    executor = container_executor(subject)
    if not executor:
        return
    for file in subject.run.files:
        if file.dag_ids and file.is_timed and file.own_ms >= _LEAST_MS:
            starts = sum(dag.starts_per_day or 0.0 for dag in file.schedules)
            took = duration(file.own_ms)
            a_day = f", {duration(starts * file.own_ms)} a day" if starts else ""
            yield RULE.finding(
                file.path,
                0,
                f"With {executor}, each task spends {took} on the parse before it runs.",
                key="cold",
                cost=f"A cold start adds {took} to the start of the container{a_day}.",
            )


RULE = Rule(
    code="DP902",
    name="cold-start",
    family=Family.EXECUTOR,
    severity=Severity.HINT,
    summary="A slow parse on an executor that starts a container for each task.",
    cost="Each start of a task pays for the parse again.",
    advice="Make the changes that `dagprof explain` proposes for the file.",
    bad="""
# [core] executor = KubernetesExecutor, and a DAG file that takes 4 s
""",
    good="""
# a DAG file that takes 100 ms, whose tasks import what they need
""",
    find=_find,
)
