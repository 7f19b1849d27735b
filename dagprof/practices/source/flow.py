"""Follows values through the names of a function."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

# A name may get its value from another name, and so on.
_ROUNDS = 4


def names_with(nodes: Iterable[ast.AST], is_source: Callable[[ast.AST], bool]) -> set[str]:
    """The names that hold a value computed from an expression for which ``is_source`` holds."""
    assigned: list[tuple[set[str], ast.AST]] = []
    for node in nodes:
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if node.value is not None:
                assigned.append((set().union(*map(_names, targets)), node.value))
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            assigned.append((_names(node.optional_vars), node.context_expr))
    found: set[str] = set()
    for _ in range(_ROUNDS):
        before = len(found)
        for names, value in assigned:
            if is_source(value) or found & _names(value):
                found |= names
        if len(found) == before:
            break
    return found


def uses(node: ast.AST, names: set[str]) -> bool:
    """Whether an expression uses one of these names."""
    return bool(names & _names(node))


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
