"""Statements of the user's code that only call a function, such as ``init_sentry()``, or that store
the result of a call, such as ``CLIENT = storage.Client()``. An experiment can parse the file
without such a statement.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dagprof.attribution.graph import ROOT, ImportStatement
from dagprof.attribution.statement_times import without_loads_us
from dagprof.attribution.trees import tree_of
from dagprof.model import FileResult, Module, Origin

# Characters of a called function's name in reports.
_NAME_LIMIT = 60
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class CallStatement(NamedTuple):
    """The called function, and the variables that store the result. The arguments are omitted,
    because arguments may contain secrets. ``assigned`` is empty if no variable stores the result.
    """

    called: str
    assigned: tuple[str, ...] = ()


def call_statements(file: str) -> dict[int, CallStatement]:
    """The call statements of a source file, by their first lines. An experiment can parse the file
    without each of these statements.
    """
    tree = tree_of(file)
    return dict(_found(tree)) if tree is not None else {}


def _found(tree: ast.AST) -> Iterator[tuple[int, CallStatement]]:
    # No recursion, because a chain of ``elif`` is nested as deep as it is long.
    waiting = [(child, False) for child in reversed([*ast.iter_child_nodes(tree)])]
    while waiting:
        node, is_class = waiting.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield node.lineno, CallStatement(_name(node.value))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            # An attribute of a class is reached in many ways, which no experiment watches.
            call, names = _first_call(node.value), assigned_names(node)
            if call is not None and names and not is_class:
                yield node.lineno, CallStatement(_name(call), names)
        elif not isinstance(node, _FUNCTIONS):
            is_class = isinstance(node, ast.ClassDef)
            waiting += [(child, is_class) for child in reversed([*ast.iter_child_nodes(node)])]


def assigned_names(node: ast.Assign | ast.AnnAssign) -> tuple[str, ...]:
    """The names that an assignment binds. Empty if the assignment also changes an item or an
    attribute.
    """
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = [
        part
        for target in targets
        for part in (target.elts if isinstance(target, ast.Tuple | ast.List) else [target])
    ]
    names = tuple(part.id for part in parts if isinstance(part, ast.Name))
    return names if len(names) == len(parts) else ()


def _first_call(value: ast.AST | None) -> ast.Call | None:
    """The outermost call of an expression: ``load(…)`` in ``load(…)["key"]``."""
    waiting = [value] if value is not None else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            return node
        if not isinstance(node, ast.Lambda):
            waiting += reversed([*ast.iter_child_nodes(node)])
    return None


def _name(call: ast.Call) -> str:
    """The name of the called function: ``storage.Client`` for ``storage.Client(…)``, and
    ``connect().cursor`` for a method call on a result.
    """
    parts: list[str] = []
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        if isinstance(node, ast.Attribute):
            parts.append(f".{node.attr}")
            node = node.value
        else:
            parts.append("()" if isinstance(node, ast.Call) else f"[{_key(node.slice)}]")
            node = node.func if isinstance(node, ast.Call) else node.value
    parts.append(node.id if isinstance(node, ast.Name) else "…")
    return "".join(reversed(parts))[:_NAME_LIMIT]


def _key(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return repr(node.value[:_NAME_LIMIT])
    return "…"


def calls_in(
    file: FileResult, modules: Sequence[Module], root: str
) -> Mapping[ImportStatement, CallStatement]:
    """The call statements in the source files that one traced parse executed.

    dagprof omits the statements of the DAG file that create DAGs or tasks, because every parse
    needs these statements.
    """
    trace = file.trace
    if trace is None:
        return {}
    # A statement inside a call is in a function that builds a DAG: the body of ``@dag``.
    building = {row.line for row in trace.statements if row.building_us}
    building |= {trace.statements[row.parent].line for row in trace.statements if row.parent >= 0}
    found = {
        ImportStatement(ROOT, line): call
        for line, call in call_statements(os.path.join(root, file.path)).items()
        if line not in building
    }
    for position in dict.fromkeys(trace.loads.module):
        module = modules[position]
        if module.origin is Origin.USER and module.file.endswith(".py"):
            for line, call in call_statements(module.file).items():
                found[ImportStatement(position, line)] = call
    return found


def own_us(file: FileResult) -> dict[ImportStatement, int]:
    """The time of each statement of the DAG file in µs of the tracing pass. The time excludes
    loaded modules and nested statements.
    """
    if file.trace is None:
        return {}
    found: dict[ImportStatement, int] = {}
    for row, us in zip(file.trace.statements, without_loads_us(file.trace), strict=True):
        statement = ImportStatement(ROOT, row.line)
        found[statement] = found.get(statement, 0) + us
    return found
