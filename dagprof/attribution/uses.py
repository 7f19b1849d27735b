"""Who uses the names that an import statement binds, by the text of the sources: no parse shows what tasks will use."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple


class Use(NamedTuple):
    """A place in a file on disk, and the name that is used there."""

    file: str
    line: int
    name: str


def bound_names(file: str, line: int) -> frozenset[str]:
    """The names that the import statements at a line bind; none for ``import *``, which may bind any."""
    tree = _tree(file)
    found: set[str] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import | ast.ImportFrom) and node.lineno == line:
            found.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
    return frozenset(found - {"*"})


def is_used(file: str, names: Collection[str]) -> bool:
    """Whether anything in a file reads one of these names, or offers it in ``__all__``."""
    tree = _tree(file)
    return tree is not None and any(True for _ in _reads(tree, names))


def is_in_hints(file: str, names: Collection[str]) -> bool:
    """Whether only type hints of a file read these names, which it does not evaluate: ``from __future__ import annotations``."""
    tree = _tree(file)
    if tree is None or not any(_defers_hints(node) for node in tree.body):
        return False
    hints = {id(node) for hint in _hints(tree) for node in ast.walk(hint)}
    reads = [id(node) for node in _reads(tree, names)]
    return bool(reads) and hints.issuperset(reads)


def _reads(tree: ast.AST, names: Collection[str]) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        is_name = isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)
        if is_name or (isinstance(node, ast.Constant) and node.value in names):
            yield node


def _defers_hints(node: ast.stmt) -> bool:
    if not isinstance(node, ast.ImportFrom) or node.module != "__future__":
        return False
    return any(alias.name == "annotations" for alias in node.names)


def _hints(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            hint = node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            hint = node.returns
        else:
            continue
        if hint is not None:
            yield hint


def uses_in(file: str, wanted: Mapping[str, Collection[str]]) -> Iterator[tuple[str, Use]]:
    """Where a file takes some names from modules: ``from module import name``, ``module.name``; each with the module."""
    text = _text(file)
    for module, names in wanted.items():
        tree = _tree(file) if module.rpartition(".")[2] in text else None
        for line, name in _uses(tree, module, names) if tree is not None else ():
            yield module, Use(file, line, name)


def _uses(tree: ast.Module, module: str, names: Collection[str]) -> Iterator[tuple[int, str]]:
    aliases, has_star = set(), False
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname or alias.name for alias in node.names if alias.name == module}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if _is_same(base, module, node.level):
                has_star |= any(alias.name == "*" for alias in node.names)
                yield from ((node.lineno, alias.name) for alias in node.names if alias.name in names)
            for alias in node.names:
                if _is_same(f"{base}.{alias.name}".lstrip("."), module, node.level):
                    aliases.add(alias.asname or alias.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) in aliases:
            yield node.lineno, node.attr
        elif has_star and isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load):
            yield node.lineno, node.id


def _is_same(asked: str, module: str, level: int) -> bool:
    """Whether a module is asked for by its name; by a relative one, it may be any that ends so."""
    return asked == module or (level > 0 and bool(asked) and module.endswith("." + asked))


def _text(file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


@lru_cache(maxsize=64)
def _parsed(file: str, changed_ns: int) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(_text(file))
        except (SyntaxError, ValueError, RecursionError):
            return None


def _tree(file: str) -> ast.Module | None:
    try:
        return _parsed(file, os.stat(file).st_mtime_ns)
    except OSError:
        return None
