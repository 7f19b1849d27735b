"""The times of the statements of one file. The functions use a trace."""

from __future__ import annotations

from collections.abc import Sequence

from dagprof.model import Statement, Trace
from dagprof.model.nesting import InnermostLines

# The importer of a load that a statement of the DAG file itself asked for.
_DAG_FILE = -1


def own_us(statements: Sequence[Statement]) -> list[tuple[int, int]]:
    """The wall time and the CPU time of each statement in µs, without nested statements."""
    own = [[statement.wall_us, statement.cpu_us] for statement in statements]
    for statement in statements:
        if statement.parent >= 0:
            own[statement.parent][0] -= statement.wall_us
            own[statement.parent][1] -= statement.cpu_us
    return [(max(0, wall), max(0, cpu)) for wall, cpu in own]


def without_loads_us(trace: Trace) -> list[int]:
    """The wall time of each statement in µs, without nested statements and without loaded
    modules.
    """
    loaded = _loaded_us(trace)
    return [
        max(0, own - loaded.get(position, 0))
        for position, (own, _) in enumerate(own_us(trace.statements))
    ]


def _loaded_us(trace: Trace) -> dict[int, int]:
    """The import time of each statement in µs, by position in ``trace.statements``. Only outermost
    loads count. Each load belongs to the innermost statement that was running.
    """
    found: dict[int, int] = {}
    loads = trace.loads
    innermost = InnermostLines((each.line, each.end_line) for each in trace.statements)
    for parent, importer, line, caller, us in zip(
        loads.parent,
        loads.importer,
        loads.line,
        loads.caller_line,
        loads.cumulative_us,
        strict=True,
    ):
        if parent >= 0:
            continue
        # An import in a function of the DAG file belongs to the line that called the function.
        position = innermost.at(caller or (line if importer == _DAG_FILE else 0))
        if position >= 0:
            found[position] = found.get(position, 0) + us
    return found
