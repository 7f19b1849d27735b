"""Finds secrets among the literals of a source file, with the patterns that masking uses."""

from __future__ import annotations

import ast
import enum
import functools
import re
from collections.abc import Collection
from typing import NamedTuple

from dagprof.practices.credentials.named import names
from dagprof.practices.source.module import Module
from dagprof.practices.source.places import default_args
from dagprof.redaction import MASK, Redactor
from dagprof.redaction.credentials import is_credential
from dagprof.redaction.shapes import looks_random

# A URL with a password in it. The pattern only tells which rule reports a secret.
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s@]*:[^/\s@]+@", re.IGNORECASE)
_LONGEST = 100_000
_FEWEST = 4
# Of one file, so many different texts are looked at, and so many findings are kept.
_MOST_TEXTS, _MOST_FOUND = 20_000, 200


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
    redact = functools.lru_cache(maxsize=_MOST_TEXTS)(Redactor())
    named, defaults = names(module), set(default_args(module))
    docstrings = _docstrings(module)
    found: list[Secret] = []
    for node in module.nodes:
        if len(found) >= _MOST_FOUND or redact.cache_info().misses >= _MOST_TEXTS:
            break
        if not (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))):
            continue
        text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        text = text if len(text) <= _LONGEST else text[:_LONGEST]
        if node in docstrings or len(text) < _FEWEST:
            continue
        name = named.get(node, "")
        if _is_reference(text):
            continue
        if is_credential(name, text) or redact(text) != text:
            # A secret can be the name of another one.
            is_safe = name.isidentifier() and redact(name) == name and not looks_random(name)
            where = _where(module, node, text, defaults)
            found.append(Secret(node.lineno, where, name if is_safe else ""))
    return sorted(set(found), key=lambda each: (each.line, each.where.value, each.name))


def _is_reference(text: str) -> bool:
    """Whether a text only names a resource of AWS, or is a URL whose parts ``format`` fills in."""
    return text.startswith("arn:") or ("://" in text and ":{}@" in text)


def _where(module: Module, node: ast.AST, text: str, defaults: Collection[ast.AST]) -> Where:
    if _URL.search(text):
        return Where.URI
    around: ast.AST | None = node
    while around is not None:
        if isinstance(around, ast.arguments) or around in defaults:
            return Where.DEFAULTS
        if isinstance(around, ast.stmt):
            break
        around = module.parents.get(around)
    return Where.SOURCE


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
