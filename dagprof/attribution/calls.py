"""Statements of the user's code that only call a function, such as ``init_sentry()``, or that store
the result of a call, such as ``CLIENT = storage.Client()``. An experiment can parse the file
without such a statement.
"""

from __future__ import annotations

import ast
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dagprof.attribution.graph import ROOT, ImportStatement
from dagprof.attribution.statement_times import of_helper_us, without_loads_us
from dagprof.attribution.trees import tree_of
from dagprof.model import FileResult, Module, Origin

# Characters of a called function's name in reports.
_NAME_LIMIT = 60
# The kinds of statements that contain others only through a call.
_CALLING = ("expr", "assign", "annassign", "body")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class CallStatement(NamedTuple):
    """The called function, and the variables that store the result. The arguments are omitted,
    because arguments may contain secrets. ``assigned`` is empty if no variable stores the result.
    ``can_go`` says that an experiment can remove the statement. Otherwise an experiment can only
    keep the value of another parse, as for a decorator or a default argument.
    """

    called: str
    assigned: tuple[str, ...] = ()
    can_go: bool = True


def call_statements(file: str) -> dict[int, CallStatement]:
    """The statements of a source file that call a function when the file is executed, by their
    first lines. The bodies of functions do not count, and neither do lines with several statements
    and statements that bind a name inside an expression (``:=``).
    """
    tree = tree_of(file)
    if tree is None:
        return {}
    begun = Counter(node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt))
    return {line: call for line, call in _found(tree) if begun[line] == 1}


def _found(tree: ast.AST) -> Iterator[tuple[int, CallStatement]]:
    # No recursion, because a chain of ``elif`` is nested as deep as it is long.
    waiting = [(child, False) for child in reversed([*ast.iter_child_nodes(tree)])]
    while waiting:
        node, is_class = waiting.pop()
        if isinstance(node, ast.stmt) and (found := _of_statement(node, is_class)) is not None:
            yield node.lineno, found
        if not isinstance(node, _FUNCTIONS):
            is_class = isinstance(node, ast.ClassDef)
            waiting += [(child, is_class) for child in reversed([*ast.iter_child_nodes(node)])]


def _of_statement(node: ast.stmt, is_class: bool) -> CallStatement | None:
    if any(map(_binds, _headers(node))):
        return None
    if isinstance(node, ast.Expr):
        return CallStatement(_name(node.value)) if isinstance(node.value, ast.Call) else None
    if isinstance(node, ast.Assign | ast.AnnAssign):
        # An attribute of a class is reached in many ways, which no experiment watches.
        call, names = _first_call([node.value]), assigned_names(node)
        can_go = bool(names) and not is_class
        return None if call is None else CallStatement(_name(call), names, can_go)
    call = _first_call(_headers(node))
    return None if call is None else CallStatement(_name(call), can_go=False)


def _binds(value: ast.expr | None) -> bool:
    return value is not None and any(isinstance(part, ast.NamedExpr) for part in ast.walk(value))


def _headers(node: ast.stmt) -> list[ast.expr | None]:
    """The expressions of a statement that Python evaluates before the blocks inside it."""
    if isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign):
        return [node.value]
    if isinstance(node, ast.If | ast.While | ast.Assert):
        return [node.test]
    if isinstance(node, ast.For):
        return [node.iter]
    if isinstance(node, ast.With):
        return [item.context_expr for item in node.items]
    if isinstance(node, ast.AugAssign):
        return [node.value]
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *(keyword.value for keyword in node.keywords)]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults]
    return []


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


def _first_call(values: Sequence[ast.AST | None]) -> ast.Call | None:
    """The outermost call in some expressions: ``load(…)`` in ``load(…)["key"]``."""
    waiting = [value for value in reversed(values) if value is not None]
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
    building = {row.line for row in trace.statements if row.building_us}
    # A statement inside a call is in a function that builds a DAG: the body of ``@dag``.
    around = {trace.statements[row.parent] for row in trace.statements if row.parent >= 0}
    building |= {row.line for row in around if row.kind in _CALLING}
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


def own_us(file: FileResult, modules: Sequence[Module]) -> dict[ImportStatement, int]:
    """The time of each statement of the DAG file and of its slow helpers in µs of the tracing pass.
    The time excludes loaded modules and nested statements.
    """
    trace = file.trace
    if trace is None:
        return {}
    found: dict[ImportStatement, int] = {}
    timed = [(ROOT, trace.statements, without_loads_us(trace))]
    timed += [
        (helper.module, helper.statements, of_helper_us(trace, helper, modules))
        for helper in trace.helpers
    ]
    for module, statements, took in timed:
        for row, us in zip(statements, took, strict=True):
            statement = ImportStatement(module, row.line)
            found[statement] = found.get(statement, 0) + us
    return found
