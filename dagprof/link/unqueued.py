"""What a parse waited for a processor, taken out of its times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagprof.model import Loads

# The importer of what the DAG file itself asks for.
_DAG_FILE = -1


def own_ms(sample: Mapping[str, Any]) -> float:
    """Parse time less what the parse waited for a processor that others used: the machine's doing, not the file's."""
    return float(sample["wall_ms"] - sample["queued_ms"])


class Unqueued:
    """Takes out of traced times what the pass waited for a processor that others used: it waited where it computed."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        self.wall_ms = own_ms(result)
        self._waits = result["queued_ms"] / result["cpu_ms"] if result["cpu_ms"] > 0 else 0.0
        self._share = self.wall_ms / result["wall_ms"] if result["wall_ms"] > 0 else 1.0

    def computing(self, time: float) -> float:
        """Of what computes all the time, as collections do."""
        return time / (1 + self._waits)

    def statement_us(self, wall_us: int, cpu_us: int) -> int:
        """Of a statement, which may also have waited for something else."""
        return round(max(wall_us - self._waits * cpu_us, min(cpu_us, wall_us)))

    def statements_us(self, rows: Sequence[Sequence[Any]]) -> list[int]:
        """Of all statements of a trace: one takes no less than those inside it, which it would where it hardly computed."""
        took = [self.statement_us(row[5], row[6]) for row in rows]
        inside = [0] * len(rows)
        for position in sorted(range(len(rows)), key=lambda position: -_depth(rows, position)):
            # A function that several statements call belongs to the last of them, which may take less.
            took[position] = max(took[position], min(rows[position][5], inside[position]))
            if rows[position][0] >= 0:
                inside[rows[position][0]] += took[position]
        return took

    def loads(self, columns: Mapping[str, Sequence[int]], statements: Sequence[Sequence[Any]]) -> Loads:
        """The loads, each as the statement that it belongs to; it still takes what its own code takes and those inside it."""
        shares: list[float] = []
        for parent, importer, line, caller_line in zip(
            *(columns[name] for name in ("parent", "importer", "line", "caller_line")), strict=True
        ):
            at = line if importer == _DAG_FILE else caller_line
            shares.append(shares[parent] if parent >= 0 else self._share_at(at, statements))
        own = [round(us * share) for us, share in zip(columns["self_us"], shares, strict=True)]
        cumulative = list(own)
        for position in range(len(own) - 1, -1, -1):
            parent = columns["parent"][position]
            if parent >= 0:
                cumulative[parent] += cumulative[position]
        times = {"self_us": tuple(own), "cumulative_us": tuple(cumulative)}
        return Loads(**{**{name: tuple(values) for name, values in columns.items()}, **times})

    def _share_at(self, line: int, statements: Sequence[Sequence[Any]]) -> float:
        """What is left of the time of the innermost statement at a line."""
        times = [(row[5], row[6]) for row in statements if row[1] <= line <= row[2] and row[5] > 0]
        return self.statement_us(*times[-1]) / times[-1][0] if times else self._share


def _depth(rows: Sequence[Sequence[Any]], position: int) -> int:
    """How many statements a statement is in."""
    depth = 0
    while rows[position][0] >= 0 and depth < len(rows):
        depth, position = depth + 1, rows[position][0]
    return depth
