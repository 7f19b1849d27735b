"""Finds the lines of a module's source that do work when it is imported, and the lines that have no
effect for the interpreter.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dagprof import bounded

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (ast.For, ast.While)
_WORKING = (
    ast.Call,
    ast.BinOp,
    ast.AugAssign,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    *_LOOPS,
)
# Nodes that hold statements but are not statements.
_PARTS = (ast.ExceptHandler, ast.match_case)

Lines = dict[str, tuple[int, ...]]


class Sorted(NamedTuple):
    """Changed lines by file: all lines of code, the lines that call or compute something at import,
    and the first lines of the statements around them.
    """

    lines: Lines
    working: Lines
    begun: Lines


def sorted_out(changed: Mapping[str, Sequence[int]], root: Path) -> Sorted:
    """Sort the changed lines of each file. Docstrings are left out.

    A file that is not Python, or cannot be parsed, keeps its lines, without further information.
    """
    lines: Lines = {}
    working: Lines = {}
    begun: Lines = {}
    for file, numbers in changed.items():
        tree = _tree(root / file)
        silent = {line for node in _texts(tree) for line in _lines(node)}
        busy = {line for node in _at_import(tree) for line in _lines(node)}
        for found, kept in (
            (lines, [line for line in numbers if line not in silent]),
            (working, [line for line in numbers if line in busy]),
            (begun, _first_lines(tree, [line for line in numbers if line not in silent])),
        ):
            if kept:
                found[file] = tuple(kept)
    return Sorted(lines, working, begun)


def _first_lines(tree: ast.Module, lines: Sequence[int]) -> list[int]:
    """The first lines of the innermost statements around these lines."""
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    first: dict[int, int] = {}
    for node in sorted(statements, key=lambda node: node.lineno):
        first.update(dict.fromkeys(_lines(node), node.lineno))
    return sorted({first[line] for line in lines if line in first})


def _tree(path: Path) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(bounded.source(path))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _texts(tree: ast.Module) -> Iterator[ast.stmt]:
    """Docstrings, and other statements that are only a text."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node


def _at_import(tree: ast.Module) -> Iterator[ast.stmt]:
    """Loops and innermost other statements, outside of functions, that call or compute
    something.
    """
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        inner = [
            child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.stmt, *_PARTS))
        ]
        if isinstance(node, _FUNCTIONS):
            continue
        if isinstance(node, ast.stmt) and (isinstance(node, _LOOPS) or not inner) and _works(node):
            yield node
        else:
            waiting += inner


def _works(statement: ast.stmt) -> bool:
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _WORKING):
            return True
        waiting += [
            child for child in ast.iter_child_nodes(node) if not isinstance(child, _FUNCTIONS)
        ]
    return False


def _lines(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)
