"""The import graph of one file, reduced to what a person can change: small enough to keep for thousands of files.

Nodes are the user's import statements. Modules that the same statements lead to are one *atom*: they stay or go together.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from dagprof.attribution.graph import ROOT, ImportGraph, Node, Statement


class Atom(NamedTuple):
    """Modules that stand or fall together: a bit for each statement that leads to them, own time in µs, how many."""

    statements: int
    cost_us: int
    modules: int


class Reduced:
    """Answers what falls away when some of the user's statements go; times are µs of the tracing pass."""

    def __init__(self, graph: ImportGraph) -> None:
        self.statements = [node for node in graph.statements() if graph.is_users(node) and node.line > 0]
        self._bit = {statement: 1 << number for number, statement in enumerate(self.statements)}
        boundary = set(self.statements)
        self._root_runs, always = self._around(graph, ROOT, boundary)
        self._runs: dict[Statement, int] = {}
        led: dict[int, int] = {}
        for statement in self.statements:
            self._runs[statement], modules = self._around(graph, statement, boundary)
            for module in modules:
                led[module] = led.get(module, 0) | self._bit[statement]
        totals: dict[int, list[int]] = {}
        for module, mask in led.items():
            if module not in always:
                row = totals.setdefault(mask, [0, 0])
                row[0] += graph.cost_us[module]
                row[1] += 1
        self.atoms = tuple(Atom(mask, us, count) for mask, (us, count) in totals.items())

    def _around(self, graph: ImportGraph, start: Node, boundary: Collection[Statement]) -> tuple[int, set[int]]:
        """The user's statements that run, and the modules loaded, because of one node and through no other statement."""
        statements, modules = graph.reached_until(start, boundary)
        return sum(self._bit[statement] for statement in statements), modules

    def lost(self, without: Collection[Statement]) -> int:
        """Which atoms go with these statements, as bits: sets that lose the same save the same."""
        gone = sum(self._bit[statement] for statement in set(without))
        alive = self._running(self._root_runs, gone)
        return sum(1 << number for number, atom in enumerate(self.atoms) if not atom.statements & alive)

    def falls_away(self, without: Collection[Statement]) -> tuple[int, int]:
        """Own time in µs and number of the modules that are not loaded any more without these statements."""
        return self.sums(self.lost(without))

    def sums(self, lost: int) -> tuple[int, int]:
        """Own time in µs and number of the modules of these atoms."""
        gone = [atom for number, atom in enumerate(self.atoms) if lost >> number & 1]
        return sum(atom.cost_us for atom in gone), sum(atom.modules for atom in gone)

    def behind_us(self, statement: Statement) -> int:
        """All that a statement leads to, whoever else does too."""
        leads = self._running(self._bit[statement])
        return sum(atom.cost_us for atom in self.atoms if atom.statements & leads)

    def _running(self, start: int, gone: int = 0) -> int:
        """The statements that run if these do, as far as they are not gone."""
        running, waiting = 0, start & ~gone
        while waiting:
            lowest = waiting & -waiting
            running |= lowest
            waiting |= self._runs[self.statements[lowest.bit_length() - 1]]
            waiting &= ~(running | gone)
        return running
