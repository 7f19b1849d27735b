"""The name that leads to each literal of a source file: of a variable, an argument, a key or a
parameter.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dagprof.practices.source.module import Module

# Methods and functions that get a name and its value.
_SETTERS = frozenset(("setdefault", "getenv", "get", "setenv", "putenv", "set"))
# Calls that keep or encode their first argument, and the argument ``default``.
_WRAPPERS = frozenset(
    ("field", "Field", "Param", "SecretStr", "b64encode", "b64decode", "quote", "quote_plus")
)
_CONVERSIONS = frozenset(("encode", "decode", "strip"))
# Calls whose second argument is a password.
_LOGINS = frozenset(("HTTPBasicAuth", "HTTPDigestAuth", "HTTPProxyAuth", "BasicAuth"))
_PASSWORD = "password"


def names(module: Module) -> dict[ast.AST, str]:
    """The name that leads to each literal."""
    found: dict[ast.AST, str] = {}
    for node in module.nodes:
        for value, name in _pairs(node):
            for literal, inner in _literals(value, name):
                found.setdefault(literal, inner)
    return found


def _pairs(node: ast.AST) -> Iterator[tuple[ast.AST | None, str]]:
    """The values to which a node gives a name."""
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
        yield from _defaults(node)
    elif isinstance(node, ast.Call):
        yield from _of_call(node)


def _defaults(node: ast.arguments) -> Iterator[tuple[ast.AST | None, str]]:
    plain = [*node.posonlyargs, *node.args]
    for argument, value in zip(plain[::-1], node.defaults[::-1], strict=False):
        yield value, argument.arg
    for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        yield default, argument.arg


def _of_call(node: ast.Call) -> Iterator[tuple[ast.AST | None, str]]:
    """``V1EnvVar(name="DB_PASSWORD", value="…")``, ``HTTPBasicAuth("etl", "…")``, and
    ``os.environ.setdefault("DB_PASSWORD", "…")``.
    """
    last = _last(node.func)
    given = {each.arg: each.value for each in node.keywords}
    name = _text(given.get("name"))
    if name is not None and "value" in given:
        yield given["value"], name
    if len(node.args) == 2 and last in _LOGINS:
        yield node.args[1], _PASSWORD
    elif len(node.args) == 2 and last in _SETTERS:
        text = _text(node.args[0])
        if text is not None:
            yield node.args[1], text


def _literals(value: ast.AST | None, name: str) -> Iterator[tuple[ast.AST, str]]:
    """The literals that make up a value, each with its name."""
    waiting = [(value, name)]
    while waiting:
        here, named = waiting.pop()
        if isinstance(here, ast.Constant):
            yield here, named
        elif isinstance(here, ast.Tuple) and named == "auth" and len(here.elts) == 2:
            waiting.append((here.elts[1], _PASSWORD))
        elif here is not None:
            waiting += [(part, named) for part in _parts(here)]


def _parts(value: ast.AST) -> list[ast.expr]:
    if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
        return value.elts
    if isinstance(value, (ast.BoolOp, ast.JoinedStr)):
        return value.values
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return [value.left, value.right]
    if isinstance(value, ast.IfExp):
        return [value.body, value.orelse]
    if isinstance(value, ast.Call):
        if _last(value.func) in _WRAPPERS:
            default = [each.value for each in value.keywords if each.arg == "default"]
            return [*value.args[:1], *default]
        if _last(value.func) in _CONVERSIONS and isinstance(value.func, ast.Attribute):
            return [value.func.value]
    return []


def _target(target: ast.AST) -> str:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return _last(target)


def _last(node: ast.AST) -> str:
    """The last part of a dotted name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.AST | None) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None
