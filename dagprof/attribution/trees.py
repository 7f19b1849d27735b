"""Reads Python sources and their syntax trees, each version of a file once."""

from __future__ import annotations

import ast
import os
import warnings
from functools import lru_cache


def text_of(file: str) -> str:
    """The text of a file; empty if it cannot be read."""
    try:
        with open(file, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def tree_of(file: str) -> ast.Module | None:
    """The syntax tree of a file; None if it cannot be read or is not Python."""
    try:
        return _parsed(file, os.stat(file).st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=256)
def _parsed(file: str, changed_ns: int) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text_of(file))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
