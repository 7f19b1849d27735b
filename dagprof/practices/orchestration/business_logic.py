"""DP201: a DAG file that mostly holds code which builds no DAG."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from dagprof.config.checks import Severity
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source.module import Module
from dagprof.practices.subject import Subject
from dagprof.quantities import duration

# So many lines of logic, and this share of the lines of code, make a finding.
_LINES, _SHARE = 150, 0.6
_OPERATORS = ("Operator", "Sensor")


def _find(subject: Subject) -> Iterator[Finding]:
    for file, module in subject.dag_modules():
        logic, code = lines_of_logic(module)
        if logic < _LINES or logic < _SHARE * code:
            continue
        message = (
            f"{logic} of {code} lines of code ({logic / code:.0%}) are functions and classes that"
            " build no DAG."
        )
        took = f" The whole file takes {duration(file.own_ms)} in each parse."
        yield RULE.finding(file.path, 0, message, key="logic", cost=f"{RULE.cost}{took}")


def lines_of_logic(module: Module) -> tuple[int, int]:
    """The lines of functions and classes that build no DAG, and all lines of code."""
    code = _lines(module, module.tree.body)
    logic = [
        node
        for node in module.nodes
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and not _is_building(module, node)
    ]
    return len(_lines(module, logic)), len(code)


def _lines(module: Module, statements: Sequence[ast.stmt]) -> set[int]:
    """The numbers of the lines of statements, without empty lines, comments and docstrings."""
    texts = module.text.splitlines()
    found = {
        line
        for node in statements
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        if line <= len(texts)
        and texts[line - 1].strip()
        and not texts[line - 1].lstrip().startswith("#")
    }
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Expr) and _is_docstring(node):
                found -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def _is_docstring(node: ast.Expr) -> bool:
    return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_building(module: Module, node: ast.AST) -> bool:
    """Whether code creates DAGs, task groups, or tasks of operators."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            name = module.dotted(inner.func)
            last = name.rpartition(".")[2]
            if last.endswith(_OPERATORS) or last in ("DAG", "TaskGroup", "dag", "task_group"):
                return True
            if last in ("expand", "partial") and isinstance(inner.func, ast.Attribute):
                return True
        for decorator in getattr(inner, "decorator_list", ()):
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            if module.dotted(target).rpartition(".")[2] in ("dag", "task_group"):
                return True
    return False


RULE = Rule(
    code="DP201",
    name="business-logic",
    family=Family.ORCHESTRATION,
    severity=Severity.HINT,
    summary="A DAG file that mostly contains code which builds no DAG.",
    cost="Each parse and each start of a task reads and runs the file.",
    advice="Move the functions into a module that the tasks import.",
    bad="""
# dags/sales.py: 400 lines of cleaning and joining, and at the end
with DAG("sales"):
    PythonOperator(task_id="clean", python_callable=clean)
""",
    good="""
# dags/sales.py
@task
def clean():
    from company.sales import clean

    clean()
""",
    find=_find,
)
