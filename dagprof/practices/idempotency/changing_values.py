"""DP502: the clock or a random value in what a task writes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source.actions import Action, acts
from dagprof.practices.source.callables import reached, task_callables
from dagprof.practices.source.clock import reads_clock_or_chance
from dagprof.practices.source.flow import names_with, uses
from dagprof.practices.source.module import Module
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    for _, module in subject.dag_modules():
        for each in task_callables(module):
            nodes = list(reached(module, each.node))
            for call, source in written(module, nodes):
                yield RULE.finding(
                    module.path,
                    call.lineno,
                    f"{each.name} writes a value from {source}().",
                    key=f"{each.name} {source}",
                )


def written(module: Module, nodes: list[ast.AST]) -> Iterator[tuple[ast.Call, str]]:
    """The writing calls whose arguments depend on the clock or on chance, with the first source."""
    names = names_with(nodes, lambda value: bool(reads_clock_or_chance(module, value)))
    sources = [source for node in nodes if (source := _source(module, node))]
    for act in acts(module, iter(nodes)):
        if act.action is not Action.LOAD:
            continue
        values = [*act.node.args, *(each.value for each in act.node.keywords)]
        for value in values:
            direct = reads_clock_or_chance(module, value)
            if direct or uses(value, names):
                yield act.node, direct or sources[0]
                break


def _source(module: Module, node: ast.AST) -> str:
    return reads_clock_or_chance(module, node) if isinstance(node, ast.Call) else ""


RULE = Rule(
    code="DP502",
    name="changing-values",
    family=Family.IDEMPOTENCY,
    severity=Severity.HINT,
    summary="The clock or a random value in what a task writes.",
    cost="A retry or a backfill writes other values than the first run.",
    advice="Use the interval of the run, such as data_interval_start, {{ ds }} or run_id.",
    bad="""
@task
def load():
    day = datetime.date.today()
    hook().run(f"INSERT INTO sales SELECT * FROM staging WHERE day = '{day}'")
""",
    good="""
@task
def load(data_interval_start=None):
    day = data_interval_start.date()
    hook().run(f"INSERT INTO sales SELECT * FROM staging WHERE day = '{day}'")
""",
    find=_find,
)
