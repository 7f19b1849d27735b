"""Follows values through the names of a function."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

# A name may get its value from another name, and so on.
_ROUNDS = 4


def names_with(nodes: Iterable[ast.AST], is_source: Callable[[ast.AST], bool]) -> set[str]:
    """The names that hold a value computed from an expression for which ``is_source`` holds."""
    assigned: list[tuple[set[str], set[str], bool]] = []
    for node in nodes:
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if node.value is not None:
                used, is_one = _names(node.value), is_source(node.value)
                assigned.append((set().union(*map(_names, targets)), used, is_one))
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            used, is_one = _names(node.context_expr), is_source(node.context_expr)
            assigned.append((_names(node.optional_vars), used, is_one))
    found: set[str] = set()
    for _ in range(_ROUNDS):
        before = len(found)
        for names, used, is_one in assigned:
            if is_one or found & used:
                found |= names
        if len(found) == before:
            break
    return found


def uses(node: ast.AST, names: set[str]) -> bool:
    """Whether an expression uses one of these names."""
    return bool(names & _names(node))


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
