"""CPU wait: what a parse waited for a processor that others used, taken out of its times."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dagprof.link.messages import StatementRow, Times
from dagprof.model import Loads

# The importer of what the DAG file itself asks for.
_DAG_FILE = -1


class NetTimes:
    """Takes out of traced times what the pass waited for a processor that others used: it waited
    where it computed.
    """

    def __init__(self, times: Times) -> None:
        self._waits = times.queued_ms / times.cpu_ms if times.cpu_ms > 0 else 0.0
        self._share = times.own_ms / times.wall_ms if times.wall_ms > 0 else 1.0

    def computing(self, time: float) -> float:
        """Of what computes all the time, as collections do."""
        return time / (1 + self._waits)

    def statement_us(self, wall_us: int, cpu_us: int) -> int:
        """Of a statement, which may also have waited for something else."""
        return round(max(wall_us - self._waits * cpu_us, min(cpu_us, wall_us)))

    def statements_us(self, rows: Sequence[StatementRow]) -> list[int]:
        """Of all statements of a trace: one takes no less than those inside it, which it would
        where it hardly computed.
        """
        took = [self.statement_us(row.wall_us, row.cpu_us) for row in rows]
        inside = [0] * len(rows)
        for position in sorted(range(len(rows)), key=lambda position: -_depth(rows, position)):
            # A function that several statements call belongs to the last of them, which may take
            # less.
            took[position] = max(took[position], min(rows[position].wall_us, inside[position]))
            if rows[position].parent >= 0:
                inside[rows[position].parent] += took[position]
        return took

    def loads(self, loads: Loads, statements: Sequence[StatementRow]) -> Loads:
        """The loads, each as the statement that it belongs to; it still takes what its own code
        takes and those inside it.
        """
        shares: list[float] = []
        for parent, importer, line, caller_line in zip(
            loads.parent, loads.importer, loads.line, loads.caller_line, strict=True
        ):
            at = line if importer == _DAG_FILE else caller_line
            shares.append(shares[parent] if parent >= 0 else self._share_at(at, statements))
        own = [round(us * share) for us, share in zip(loads.self_us, shares, strict=True)]
        cumulative = list(own)
        for position in range(len(own) - 1, -1, -1):
            parent = loads.parent[position]
            if parent >= 0:
                cumulative[parent] += cumulative[position]
        return msgspec.structs.replace(loads, self_us=tuple(own), cumulative_us=tuple(cumulative))

    def _share_at(self, line: int, statements: Sequence[StatementRow]) -> float:
        """What is left of the time of the innermost statement at a line."""
        times = [
            (row.wall_us, row.cpu_us)
            for row in statements
            if row.line <= line <= row.end_line and row.wall_us > 0
        ]
        return self.statement_us(*times[-1]) / times[-1][0] if times else self._share


def _depth(rows: Sequence[StatementRow], position: int) -> int:
    """How many statements a statement is in."""
    depth = 0
    while rows[position].parent >= 0 and depth < len(rows):
        depth, position = depth + 1, rows[position].parent
    return depth
