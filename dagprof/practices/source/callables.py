"""Finds the code that runs in tasks, also in helpers."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from dagprof.practices.source.module import Module, keyword

Function = ast.FunctionDef | ast.AsyncFunctionDef
_DECORATORS = (
    "airflow.decorators.task",
    "airflow.sdk.task",
    "airflow.sdk.definitions.decorators.task",
)
_BASES = ("Operator", "Sensor")
# A callable of a task may call other functions, which may call further ones.
_DEPTH = 3
# Of one task, so many nodes are looked at, and of one file, so many tasks.
_MOST_NODES, _MOST_TASKS = 20_000, 500


class TaskCallable(NamedTuple):
    """A function that a task runs: its name, and the module that contains it."""

    name: str
    node: Function
    module: Module


# Finds the function behind a dotted name.
Find = Callable[[str], "TaskCallable | None"]


def task_callables(module: Module, find: Find) -> list[TaskCallable]:
    """The functions with a task decorator, those that an operator or a task decorator gets as an
    argument, and the method ``execute`` of operators.
    """
    by_name = {node.name: node for node in module.nodes if isinstance(node, Function)}
    found: dict[Function, TaskCallable] = {}

    def add(name: str, node: Function, where: Module = module) -> None:
        found.setdefault(node, TaskCallable(name, node, where))

    for function in by_name.values():
        if any(is_task_decorator(module, each) for each in function.decorator_list):
            add(function.name, function)
    for call in module.calls:
        value = keyword(call, "python_callable")
        if value is None and call.args and is_task_decorator(module, call.func):
            value = call.args[0]
        if isinstance(value, ast.Name) and value.id in by_name:
            add(value.id, by_name[value.id])
        elif value is not None and (other := find(module.dotted(value))) is not None:
            add(*other)
    for node in module.nodes:
        if isinstance(node, ast.ClassDef) and _is_operator(module, node):
            for method in node.body:
                if isinstance(method, Function) and method.name == "execute":
                    add(f"{node.name}.execute", method)
    ordered = sorted(found.values(), key=lambda each: (each.module.path, each.node.lineno))
    return ordered[:_MOST_TASKS]


def is_task_decorator(module: Module, decorator: ast.expr) -> bool:
    """Whether a decorator makes a task of a function."""
    name = module.dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return any(name == each or name.startswith(f"{each}.") for each in _DECORATORS)


def _is_operator(module: Module, node: ast.ClassDef) -> bool:
    return any(module.dotted(base).endswith(_BASES) for base in node.bases)


def reached(each: TaskCallable, find: Find) -> Iterator[tuple[Module, ast.AST]]:
    """The nodes of a callable, and of the functions of the user that it calls, each with its
    module.
    """
    seen: set[Function] = set()
    number = 0
    waiting = [(each, _DEPTH)]
    while waiting:
        here, left = waiting.pop()
        if here.node in seen:
            continue
        seen.add(here.node)
        number += len(here.module.walked(here.node))
        if number > _MOST_NODES:
            return
        for node in here.module.walked(here.node):
            yield here.module, node
            if left and isinstance(node, ast.Call):
                called = _called(here.module, node, find)
                if called is not None and called.node not in seen:
                    waiting.append((called, left - 1))


def _called(module: Module, call: ast.Call, find: Find) -> TaskCallable | None:
    if isinstance(call.func, ast.Name) and call.func.id in module.functions:
        node = module.functions[call.func.id]
        return TaskCallable(node.name, node, module)
    return find(module.dotted(call.func))
