"""The statements of one file: plain functions over the tuple of statements, no tables."""

from __future__ import annotations

from collections.abc import Sequence

from dagprof.model import Statement
from dagprof.model.nesting import outermost_first


def are_partial(statements: Sequence[Statement]) -> list[bool]:
    """Whether each statement is inside a loop whose first iterations only were timed one by
    one.
    """
    found = [False] * len(statements)
    for position in outermost_first([statement.parent for statement in statements]):
        parent = statements[position].parent
        found[position] = parent >= 0 and (statements[parent].is_cut or found[parent])
    return found


def depths(statements: Sequence[Statement]) -> list[int]:
    """How many statements enclose each."""
    found = [0] * len(statements)
    for position in outermost_first([statement.parent for statement in statements]):
        parent = statements[position].parent
        found[position] = found[parent] + 1 if parent >= 0 else 0
    return found
