"""The import graph of one file, reduced to what a person can change: small enough to keep for
thousands of files.

Nodes are the user's import statements, one for each caller of those in functions. Modules that the
same nodes lead to are one *atom*: they stay or go together. All that lies between two of these
nodes is walked once, here; the graph itself is not kept.

Sets of nodes and of atoms are whole numbers with a bit for each member: the plan asks for every
file and many sets of statements what falls away, and each question costs a few operations on
numbers.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection
from typing import NamedTuple

from dagprof.attribution.graph import ROOT, ImportGraph, ImportStatement, Node


class Atom(NamedTuple):
    """Modules that stand or fall together: a bit for each node that leads to them, own time in
    µs, how many.
    """

    nodes: int
    cost_us: int
    modules: int


class Reduced:
    """Answers what falls away when some of the user's statements go; times are µs of the tracing
    pass.
    """

    def __init__(self, graph: ImportGraph) -> None:
        # Only what a person can change is a node: an import inside of pandas stays as long as
        # something leads to pandas.
        self.statements = [node for node in graph.statements() if graph.is_changeable(node)]
        self._nodes = [node for statement in self.statements for node in graph.ways(statement)]
        self._bit = {node: 1 << number for number, node in enumerate(self._nodes)}
        # Who takes out a statement in a function takes it from all its callers.
        self._bits = {
            statement: sum(self._bit[node] for node in graph.ways(statement))
            for statement in self.statements
        }

        self._root_runs, always = self._around(graph, ROOT)
        self._runs: list[int] = []
        led: dict[int, int] = {}
        for node in self._nodes:
            runs, modules = self._around(graph, node)
            self._runs.append(runs)
            for module in modules:
                led[module] = led.get(module, 0) | self._bit[node]

        # Modules of the same nodes become one atom. What the DAG file reaches past all nodes never
        # goes, so it is in none.
        totals: dict[int, list[int]] = {}
        for module, mask in led.items():
            if module not in always:
                row = totals.setdefault(mask, [0, 0])
                row[0] += graph.cost_us[module]
                row[1] += 1
        self.atoms = tuple(Atom(mask, us, count) for mask, (us, count) in totals.items())

    def _around(self, graph: ImportGraph, start: Node) -> tuple[int, set[int]]:
        """The nodes that run, and the modules loaded, because of one and through no other.

        The walk ends at other nodes, because these may be gone: what lies behind them is loaded
        only if they run.
        """
        nodes, modules = graph.reached_until(start, self._bit.keys())
        return sum(self._bit[node] for node in nodes), modules

    def lost(self, without: Collection[ImportStatement]) -> int:
        """Which atoms go with these statements, as bits: sets that lose the same save the same."""
        gone = self._of(without)

        # A statement that was not taken out may not run either: its module may be reached through
        # the others only.
        alive = self._running(self._root_runs, gone)
        return sum(1 << number for number, atom in enumerate(self.atoms) if not atom.nodes & alive)

    def _of(self, statements: Collection[ImportStatement]) -> int:
        """The nodes of some statements, as bits."""
        return functools.reduce(
            operator.or_, (self._bits[statement] for statement in statements), 0
        )

    def falls_away(self, without: Collection[ImportStatement]) -> tuple[int, int]:
        """Own time in µs and number of the modules that are no longer loaded without these
        statements.
        """
        return self.sums(self.lost(without))

    def sums(self, lost: int) -> tuple[int, int]:
        """Own time in µs and number of the modules of these atoms."""
        gone = [atom for number, atom in enumerate(self.atoms) if lost >> number & 1]
        return sum(atom.cost_us for atom in gone), sum(atom.modules for atom in gone)

    def behind_us(self, statement: ImportStatement) -> int:
        """All that a statement leads to, whoever else does too."""
        leads = self._running(self._bits[statement])
        return sum(atom.cost_us for atom in self.atoms if atom.nodes & leads)

    def _running(self, start: int, gone: int = 0) -> int:
        """The nodes that run if these do, as far as they are not gone."""
        running, waiting = 0, start & ~gone
        while waiting:
            # The lowest bit that is set, and its position: the node that is looked at next.
            lowest = waiting & -waiting
            running |= lowest
            waiting |= self._runs[lowest.bit_length() - 1]
            # Modules may import each other in a circle, so what ran already is not looked at again.
            waiting &= ~(running | gone)
        return running
