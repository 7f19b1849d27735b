"""The times of the statements of one file. The functions use a trace."""

from __future__ import annotations

from collections.abc import Sequence

from dagprof.model import HelperStatements, Loads, Module, Statement, Trace
from dagprof.nesting import InnermostLines

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
    """The wall time of each statement of the DAG file in µs, without nested statements and without
    loaded modules.
    """
    outermost = [place for place, parent in enumerate(trace.loads.parent) if parent < 0]
    return _without(trace.statements, trace.loads, _DAG_FILE, outermost)


def of_helper_us(trace: Trace, helper: HelperStatements, modules: Sequence[Module]) -> list[int]:
    """The wall time of each statement of a helper in µs, as ``without_loads_us``."""
    loads = trace.loads
    inside = f"{modules[helper.module].name}."
    places = [
        place
        for place, parent in enumerate(loads.parent)
        if parent >= 0
        and loads.module[parent] == helper.module
        # Python loads the packages of the helper before the helper's own code runs.
        and not inside.startswith(f"{modules[loads.module[place]].name}.")
    ]
    return _without(helper.statements, loads, helper.module, places)


def _without(
    statements: Sequence[Statement], loads: Loads, module: int, places: Sequence[int]
) -> list[int]:
    """The own times of statements without the loads at these places. Each load belongs to the
    innermost statement that was running.
    """
    loaded: dict[int, int] = {}
    innermost = InnermostLines((each.line, each.end_line) for each in statements)
    for place in places:
        line = loads.line[place] if loads.importer[place] == module else 0
        # An import in a function of the module belongs to the line that called the function.
        position = innermost.at(loads.caller_line[place] or line)
        if position >= 0:
            loaded[position] = loaded.get(position, 0) + loads.cumulative_us[place]
    return [
        max(0, own - loaded.get(position, 0))
        for position, (own, _) in enumerate(own_us(statements))
    ]
