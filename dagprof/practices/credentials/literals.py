"""Finds secrets among the literals of a source file, with the patterns that masking uses."""

from __future__ import annotations

import ast
import enum
import re
from typing import NamedTuple

from dagprof.practices.credentials.named import names
from dagprof.practices.source.module import Module
from dagprof.redaction import MASK, Redactor
from dagprof.redaction.credentials import is_credential
from dagprof.redaction.shapes import looks_random

# A URL with a password in it. The pattern only tells which rule reports a secret.
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s@]*:[^/\s@]+@", re.IGNORECASE)
_LONGEST = 200_000
_FEWEST = 4


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
    named = names(module)
    docstrings = _docstrings(module)
    found = []
    for node in module.nodes:
        if not (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))):
            continue
        text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        if node in docstrings or not _FEWEST <= len(text) <= _LONGEST:
            continue
        name = named.get(node, "")
        if _is_reference(text):
            continue
        if is_credential(name, text) or redact(text) != text:
            # A secret can be the name of another one.
            is_safe = redact(name) == name and not looks_random(name)
            where = _where(module, node, text)
            found.append(Secret(node.lineno, where, name if is_safe else ""))
    return sorted(set(found), key=lambda each: (each.line, each.where.value, each.name))


def _is_reference(text: str) -> bool:
    """Whether a text only names a resource of AWS, or is a URL whose parts ``format`` fills in."""
    return text.startswith("arn:") or ("://" in text and ":{}@" in text)


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
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return any(isinstance(each, ast.Name) and each.id.lower() == "default_args" for each in targets)


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
