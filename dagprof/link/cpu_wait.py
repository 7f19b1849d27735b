"""CPU wait: the time that a parse waited for a processor that others used. dagprof removes it from
the times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from dagprof.link.messages.result import StatementRow, Times
from dagprof.model import Loads
from dagprof.nesting import InnermostLines, outermost_first

# The importer of modules that the DAG file itself imports.
_DAG_FILE = -1
# The least CPU time that a parse can take.
_LEAST_CPU_MS = 0.001


class NetTimes:
    """Removes the CPU wait of the tracing pass from its times. A parse can only wait for a
    processor where it computes.
    """

    def __init__(self, times: Times) -> None:
        self._waits = times.queued_ms / times.cpu_ms if times.cpu_ms >= _LEAST_CPU_MS else 0.0
        self._share = times.own_ms / times.wall_ms if times.wall_ms > 0 else 1.0

    def computing(self, time: float) -> float:
        """The net time of code that computes all the time, such as a collection."""
        return time / (1 + self._waits)

    def part(self, time: float) -> float:
        """The net time of a part of the parse, which waited as often as the whole."""
        return time * self._share

    def statement_us(self, wall_us: int, cpu_us: int) -> int:
        """The net time of a statement, which may also have waited for something else."""
        return round(max(wall_us - self._waits * cpu_us, min(cpu_us, wall_us)))

    def statements_us(self, rows: Sequence[StatementRow]) -> list[int]:
        """The net times of all statements of a trace. A statement takes at least as long as the
        statements inside it, although it may have computed little itself.
        """
        took = [self.statement_us(row.wall_us, row.cpu_us) for row in rows]
        inside = [0] * len(rows)
        for position in reversed(outermost_first([row.parent for row in rows])):
            # If several statements call a function, its time belongs to the last of them, which may
            # itself take less.
            took[position] = max(took[position], min(rows[position].wall_us, inside[position]))
            if rows[position].parent >= 0:
                inside[rows[position].parent] += took[position]
        return took

    def loads(self, loads: Loads, statements: Sequence[StatementRow]) -> Loads:
        """The loads with net times, each reduced like the statement that it belongs to. A load's
        time stays the sum of its own code and the loads inside it.
        """
        share_at = self._shares(statements)
        shares: list[float] = []
        for parent, importer, line, caller_line in zip(
            loads.parent, loads.importer, loads.line, loads.caller_line, strict=True
        ):
            at = line if importer == _DAG_FILE else caller_line
            shares.append(shares[parent] if parent >= 0 else share_at(at))
        own = [round(us * share) for us, share in zip(loads.self_us, shares, strict=True)]
        cumulative = list(own)
        for position in range(len(own) - 1, -1, -1):
            parent = loads.parent[position]
            if parent >= 0:
                cumulative[parent] += cumulative[position]
        return msgspec.structs.replace(loads, self_us=tuple(own), cumulative_us=tuple(cumulative))

    def _shares(self, statements: Sequence[StatementRow]) -> Callable[[int], float]:
        """The remaining share of the time of the innermost statement at a line."""
        rows = [row for row in statements if row.wall_us > 0]
        innermost = InnermostLines((row.line, row.end_line) for row in rows)

        def at(line: int) -> float:
            place = innermost.at(line)
            if place < 0:
                return self._share
            row = rows[place]
            return self.statement_us(row.wall_us, row.cpu_us) / row.wall_us

        return at
