"""Finds the line of a DAG or of a field in a source file."""

from __future__ import annotations

import ast
import re

from dagprof.practices.source.module import Module, keyword

_DEFAULT_ARGS = re.compile(r"_?default_?args", re.IGNORECASE)


def line_of_text(module: Module | None, text: str) -> int:
    """The first line with this text as a literal; 0 if there is none."""
    if module is None:
        return 0
    lines = [
        node.lineno
        for node in module.nodes
        if isinstance(node, ast.Constant) and node.value == text
    ]
    return min(lines, default=0)


def line_of_dag(module: Module | None, dag_id: str) -> int:
    """The line that creates a DAG: the literal with its id, the function with this name, or the
    only call of DAG; 0 if there is none.
    """
    if module is None:
        return 0
    line = line_of_text(module, dag_id)
    if line:
        return line
    for node in module.nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == dag_id:
            return node.lineno
    made = [call.lineno for call in module.calls if is_dag(module, call)]
    return made[0] if len(made) == 1 else 0


def is_dag(module: Module, call: ast.Call) -> bool:
    """Whether a call creates a DAG."""
    name = module.dotted(call.func)
    return name.startswith("airflow.") and name.rpartition(".")[2] in ("DAG", "dag")


def line_of_keyword(module: Module | None, name: str) -> int:
    """The line of the only argument or dict entry with this name; 0 if there are several."""
    if module is None:
        return 0
    entries = [
        key.lineno
        for node in module.nodes
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and key.value == name
    ]
    return _only([*_lines_of_arguments(module, name), *entries])


def line_of_argument(module: Module | None, name: str) -> int:
    """The line of the only argument with this name; 0 if there are several. Entries of dicts do not
    count.
    """
    return _only(_lines_of_arguments(module, name)) if module is not None else 0


def _lines_of_arguments(module: Module, name: str) -> list[int]:
    return [value.lineno for call in module.calls if (value := keyword(call, name)) is not None]


def _only(lines: list[int]) -> int:
    return lines[0] if len(lines) == 1 else 0


def default_args(module: Module) -> list[ast.expr]:
    """The values that DAGs and task groups get as ``default_args``, and what has this name."""
    found = [value for call in module.calls if (value := keyword(call, "default_args")) is not None]
    named = [value for name, value in module.assigned.items() if _DEFAULT_ARGS.fullmatch(name)]
    resolved = [
        module.assigned.get(each.id, each) if isinstance(each, ast.Name) else each for each in found
    ]
    return [*resolved, *named]
