"""DP501: an INSERT that adds the same rows again when the task runs again."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source import sql
from dagprof.practices.source.actions import sql_of
from dagprof.practices.source.module import Module, keyword
from dagprof.practices.subject import Subject

_RUNS_SQL = frozenset(("run", "execute", "executemany"))


def _find(subject: Subject) -> Iterator[Finding]:
    for _, module in subject.dag_modules():
        texts = list(sql_texts(subject, module))
        emptied = {table for _, _, text in texts for table in sql.emptied_tables(text)}
        for where, call, text in texts:
            for table in dict.fromkeys(sql.appended(text)):
                if table in emptied:
                    continue
                yield RULE.finding(
                    where.path,
                    call.lineno,
                    f"This task only adds rows to {table}.",
                    key=table,
                )


def sql_texts(subject: Subject, module: Module) -> Iterator[tuple[Module, ast.Call, str]]:
    """The SQL of the operators and of the callables of a DAG file, as far as the sources contain
    it.
    """
    nodes: dict[ast.AST, Module] = dict.fromkeys(module.calls, module)
    for each in subject.callables(module):
        nodes.update((node, where) for where, node in subject.reached(each))
    for node, where in nodes.items():
        if not isinstance(node, ast.Call):
            continue
        last = where.dotted(node.func).rpartition(".")[2]
        is_run = last in _RUNS_SQL and isinstance(node.func, ast.Attribute)
        has_sql = any(keyword(node, name) is not None for name in ("sql", "configuration"))
        text = sql_of(where, node) if is_run or has_sql else None
        if text is not None:
            yield where, node, text


RULE = Rule(
    code="DP501",
    name="append-only",
    family=Family.IDEMPOTENCY,
    severity=Severity.HINT,
    summary="An INSERT without a DELETE, MERGE or ON CONFLICT for the same rows.",
    cost="A retry, a cleared task or a backfill adds the rows a second time.",
    advice="Delete the rows of the interval first, or use MERGE or ON CONFLICT.",
    bad="""
SQLExecuteQueryOperator(
    task_id="load", sql="INSERT INTO sales SELECT * FROM staging WHERE day = '{{ ds }}'"
)
""",
    good="""
SQLExecuteQueryOperator(
    task_id="load",
    sql=[
        "DELETE FROM sales WHERE day = '{{ ds }}'",
        "INSERT INTO sales SELECT * FROM staging WHERE day = '{{ ds }}'",
    ],
)
""",
    find=_find,
)
