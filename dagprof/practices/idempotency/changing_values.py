"""DP502: the clock or a random value in what a task writes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import partial

from dagprof.config.checks import Severity
from dagprof.practices.idempotency.append_only import sql_texts
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source import sql
from dagprof.practices.source.actions import Action, acts
from dagprof.practices.source.clock import reads_clock_or_chance
from dagprof.practices.source.flow import names_with, uses
from dagprof.practices.source.module import Module
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    for _, module in subject.dag_modules():
        seen = set()
        for each in subject.callables(module):
            for where, call, source in written(subject.reached(each)):
                seen.add(call)
                yield RULE.finding(
                    where.path,
                    call.lineno,
                    f"{each.name} writes a value from {source}().",
                    key=f"{each.name} {source}",
                )
        for where, call, text in sql_texts(subject, module):
            function = sql.changing(text)
            if function and call not in seen:
                yield RULE.finding(
                    where.path,
                    call.lineno,
                    f"This task writes the value of {function}.",
                    key=function,
                )


def written(nodes: Sequence[tuple[Module, ast.AST]]) -> Iterator[tuple[Module, ast.Call, str]]:
    """The writing calls whose arguments depend on the clock or on chance, with the first source."""
    named: dict[Module, set[str]] = {}
    for module in {module for module, _ in nodes}:
        here = [node for where, node in nodes if where is module]
        named[module] = names_with(here, partial(_depends, module))
    sources = [source for module, node in nodes if (source := _source(module, node))]
    for act in acts(nodes):
        if act.action is not Action.LOAD:
            continue
        values = [*act.node.args, *(each.value for each in act.node.keywords)]
        for value in values:
            direct = reads_clock_or_chance(act.module, value)
            if direct or uses(value, named[act.module]):
                yield act.module, act.node, direct or sources[0]
                break


def _depends(module: Module, value: ast.AST) -> bool:
    return bool(reads_clock_or_chance(module, value))


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
