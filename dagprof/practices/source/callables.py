"""Finds the code of a file that runs in tasks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from dagprof.practices.source.module import Module, keyword

Function = ast.FunctionDef | ast.AsyncFunctionDef
_DECORATORS = (
    "airflow.decorators.task",
    "airflow.sdk.task",
    "airflow.sdk.definitions.decorators.task",
)
_BASES = ("Operator", "Sensor")
# A callable of a task may call other functions of its file, which may call further ones.
_DEPTH = 3


class TaskCallable(NamedTuple):
    """A function that a task runs, and the name of the task's code."""

    name: str
    node: Function


def task_callables(module: Module) -> list[TaskCallable]:
    """The functions with a task decorator, those that an operator gets as ``python_callable``, and
    the method ``execute`` of operators.
    """
    by_name = {node.name: node for node in module.nodes if isinstance(node, Function)}
    found: dict[Function, str] = {}
    for function in by_name.values():
        if any(is_task_decorator(module, each) for each in function.decorator_list):
            found[function] = function.name
    for call in module.calls:
        value = keyword(call, "python_callable")
        if isinstance(value, ast.Name) and value.id in by_name:
            found[by_name[value.id]] = value.id
    for node in module.nodes:
        if isinstance(node, ast.ClassDef) and _is_operator(module, node):
            for method in node.body:
                if isinstance(method, Function) and method.name == "execute":
                    found[method] = f"{node.name}.execute"
    return [TaskCallable(name, node) for node, name in sorted(found.items(), key=_line)]


def _line(item: tuple[Function, str]) -> int:
    return item[0].lineno


def is_task_decorator(module: Module, decorator: ast.expr) -> bool:
    """Whether a decorator makes a task of a function."""
    name = module.dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return any(name == each or name.startswith(f"{each}.") for each in _DECORATORS)


def _is_operator(module: Module, node: ast.ClassDef) -> bool:
    return any(module.dotted(base).endswith(_BASES) for base in node.bases)


def reached(module: Module, function: Function, depth: int = _DEPTH) -> Iterator[ast.AST]:
    """The nodes of a function, and of the functions of the same file that it calls."""
    seen: set[Function] = set()
    waiting = [(function, depth)]
    while waiting:
        here, left = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        for statement in here.body:
            for node in ast.walk(statement):
                yield node
                if left and isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    called = module.functions.get(node.func.id)
                    if called is not None:
                        waiting.append((called, left - 1))
