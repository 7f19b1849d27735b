"""The statements of one file: plain functions over the tuple of statements, no tables."""

from __future__ import annotations

from collections.abc import Sequence

from dagprof.model import Statement


def is_partial(statements: Sequence[Statement], position: int) -> bool:
    """Whether a statement is inside a loop whose first iterations only were timed one by one."""
    while (position := statements[position].parent) >= 0:
        if statements[position].is_cut:
            return True
    return False


def depth(statements: Sequence[Statement], position: int) -> int:
    """How many statements enclose this one."""
    level = 0
    while (position := statements[position].parent) >= 0 and level < len(statements):
        level += 1
    return level
