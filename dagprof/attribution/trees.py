"""Reads Python source files and their syntax trees. Each version of a file is read only once."""

from __future__ import annotations

import ast
import os
import warnings
from functools import lru_cache

from dagprof import bounded


def text_of(file: str) -> str:
    """The text of a file. Empty if the file cannot be read."""
    try:
        return bounded.source(file).decode("utf-8", "replace")
    except OSError:
        return ""


def tree_of(file: str) -> ast.Module | None:
    """The syntax tree of a file. None if the file cannot be read or is not Python."""
    try:
        return _parsed(file, os.stat(bounded.on_disk(file)).st_mtime_ns)
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=256)
def _parsed(file: str, changed_ns: int) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text_of(file))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
