"""Sums over the statements of one file: plain functions over the tuple of statements, no tables."""

from __future__ import annotations

from collections.abc import Sequence

from dagprof.model import Statement


def own_us(statements: Sequence[Statement]) -> list[tuple[int, int]]:
    """Wall and CPU microseconds of each statement, without the statements nested in it."""
    own = [[statement.wall_us, statement.cpu_us] for statement in statements]
    for statement in statements:
        if statement.parent >= 0:
            own[statement.parent][0] -= statement.wall_us
            own[statement.parent][1] -= statement.cpu_us
    return [(max(0, wall), max(0, cpu)) for wall, cpu in own]


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
