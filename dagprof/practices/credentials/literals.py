"""Finds secrets among the literals of a source file, with the patterns that masking uses."""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Iterator
from typing import NamedTuple

from dagprof.practices.source.module import Module
from dagprof.redaction import MASK, Redactor
from dagprof.redaction.credentials import is_credential

# A URL with a password in it. The pattern only tells which rule reports a secret.
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s@]*:[^/\s@]+@", re.IGNORECASE)
_LONGEST = 200_000
_FEWEST = 4
# Methods and functions that get a name and its value.
_SETTERS = frozenset(("setdefault", "getenv", "get", "setenv", "putenv", "set"))


class Where(enum.Enum):
    """The place of a secret, for the rule that reports it."""

    SOURCE = "source"
    DEFAULTS = "default arguments"
    URI = "URI"


class Secret(NamedTuple):
    """A literal that contains a secret: its line, its place, and the name that leads to it."""

    line: int
    where: Where
    name: str


def secrets(module: Module) -> list[Secret]:
    """The literals of a file that contain secrets, by line."""
    redact = Redactor()
    names = _names(module)
    docstrings = _docstrings(module)
    found = []
    for node in module.nodes:
        if not (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))):
            continue
        text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        if node in docstrings or not _FEWEST <= len(text) <= _LONGEST:
            continue
        name = names.get(node, "")
        if is_credential(name, text) or redact(text) != text:
            found.append(Secret(node.lineno, _where(module, node, text), name))
    return sorted(set(found))


def _where(module: Module, node: ast.AST, text: str) -> Where:
    if _URL.search(text):
        return Where.URI
    around = module.parents.get(node)
    while around is not None:
        if isinstance(around, ast.arguments) or _is_default_args(around):
            return Where.DEFAULTS
        if isinstance(around, ast.stmt):
            break
        around = module.parents.get(around)
    return Where.DEFAULTS if around is not None and _is_default_args(around) else Where.SOURCE


def _is_default_args(node: ast.AST) -> bool:
    """Whether a node assigns or passes ``default_args``."""
    if isinstance(node, ast.keyword):
        return node.arg == "default_args"
    targets = node.targets if isinstance(node, ast.Assign) else ()
    return any(isinstance(each, ast.Name) and each.id.lower() == "default_args" for each in targets)


def _names(module: Module) -> dict[ast.AST, str]:
    """The name that leads to each literal: of a variable, an argument, a key or a parameter."""
    found: dict[ast.AST, str] = {}

    def name(value: ast.AST | None, text: str) -> None:
        if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
            for each in value.elts:
                name(each, text)
        elif isinstance(value, ast.BoolOp):
            for each in value.values:
                name(each, text)
        elif value is not None:
            found.setdefault(value, text)

    for node in module.nodes:
        for value, text in _pairs(module, node):
            name(value, text)
    return found


def _pairs(module: Module, node: ast.AST) -> Iterator[tuple[ast.AST | None, str]]:
    if isinstance(node, ast.Assign):
        yield from ((node.value, _target(target)) for target in node.targets)
    elif isinstance(node, ast.AnnAssign):
        yield node.value, _target(node.target)
    elif isinstance(node, ast.keyword):
        yield node.value, node.arg or ""
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if (text := _text(key)) is not None:
                yield value, text
    elif isinstance(node, ast.arguments):
        plain = [*node.posonlyargs, *node.args]
        for argument, value in zip(plain[::-1], node.defaults[::-1], strict=False):
            yield value, argument.arg
        for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
            yield default, argument.arg
    elif isinstance(node, ast.Call) and len(node.args) == 2:
        # os.environ.setdefault("DB_PASSWORD", "…") and os.getenv("DB_PASSWORD", "…").
        text = _text(node.args[0])
        if text is not None and module.dotted(node.func).rpartition(".")[2] in _SETTERS:
            yield node.args[1], text


def _text(node: ast.AST | None) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def _target(target: ast.AST) -> str:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        return target.attr
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return ""


def _docstrings(module: Module) -> set[ast.AST]:
    """Texts that stand alone. Their examples are no settings."""
    return {
        node.value
        for node in module.nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def shown(name: str) -> str:
    """`` as the value of password``, or nothing."""
    return f" as the value of `{name}`" if name and MASK not in name else ""
