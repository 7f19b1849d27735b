"""The statements of one file. The functions use plain tuples, not tables."""

from __future__ import annotations

from collections.abc import Sequence

from dagprof.model import Statement
from dagprof.nesting import outermost_first


def are_partial(statements: Sequence[Statement]) -> list[bool]:
    """For each statement, whether it is inside a loop of which dagprof timed only the first
    iterations.
    """
    found = [False] * len(statements)
    for position in outermost_first([statement.parent for statement in statements]):
        parent = statements[position].parent
        found[position] = parent >= 0 and (statements[parent].is_cut or found[parent])
    return found


def depths(statements: Sequence[Statement]) -> list[int]:
    """The number of statements that enclose each statement."""
    found = [0] * len(statements)
    for position in outermost_first([statement.parent for statement in statements]):
        parent = statements[position].parent
        found[position] = found[parent] + 1 if parent >= 0 else 0
    return found
