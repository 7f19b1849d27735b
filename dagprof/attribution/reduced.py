"""The import graph of one file, reduced to import statements and calls that a user can change. The
reduced graph is small, so dagprof can keep the graphs of thousands of files.

The nodes are the import statements of the user's code. A statement in a function has one node for
each caller. Modules that the same nodes load form an *atom*: the parse loads all or none of these
modules. This module walks once through everything between two nodes, and then drops the full graph.

Sets of nodes and sets of atoms are integers with one bit for each member. The plan needs the
removed modules of many sets of statements in every file. Each result takes only a few integer
operations.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection
from typing import NamedTuple

from dagprof.attribution.graph import ROOT, ImportGraph, ImportStatement, Node


class Atom(NamedTuple):
    """Modules that are loaded together or not at all: the bits of the nodes that load the modules,
    the self time in µs, and the number of modules.
    """

    nodes: int
    cost_us: int
    modules: int


class Reduced:
    """Finds the modules that the parse no longer loads without some of the user's statements. Times
    are in µs of the tracing pass.
    """

    def __init__(self, graph: ImportGraph) -> None:
        # Only statements that a person can change are nodes. An import inside pandas stays as long
        # as some node leads to pandas.
        self.calls = graph.calls
        self.statements = [node for node in graph.statements() if graph.is_changeable(node)]
        self._nodes = [node for statement in self.statements for node in graph.ways(statement)]
        self._bit = {node: 1 << number for number, node in enumerate(self._nodes)}
        # Removing a statement in a function removes it for all its callers.
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

        # Modules behind the same nodes become one atom. Modules that the DAG file reaches without
        # any node never fall away, so they are in no atom.
        totals: dict[int, list[int]] = {}
        for module, mask in led.items():
            if module not in always:
                row = totals.setdefault(mask, [0, 0])
                row[0] += graph.cost_us[module]
                row[1] += 1
        # Each call is an atom of its own, even if it loads nothing, because its work goes with it.
        calls = [
            Atom(self._bits[call], graph.calls[call], 0)
            for call in self.statements
            if call in self.calls
        ]
        self.atoms = (*(Atom(mask, *row) for mask, row in totals.items()), *calls)

    def _around(self, graph: ImportGraph, start: Node) -> tuple[int, set[int]]:
        """The nodes that run, and the modules that are loaded, directly because of one node.

        The walk stops at other nodes, because these nodes may be removed. The modules behind
        another node are loaded only if that node runs.
        """
        nodes, modules = graph.reached_until(start, self._bit.keys())
        return sum(self._bit[node] for node in nodes), modules

    def lost(self, without: Collection[ImportStatement]) -> int:
        """The atoms that the parse no longer loads without these statements, as bits. Two sets of
        statements with the same atoms have the same saving.
        """
        gone = self._of(without)

        # A statement that was kept may still not run: its module may be reachable only through the
        # removed ones.
        alive = self._running(self._root_runs, gone)
        return sum(1 << number for number, atom in enumerate(self.atoms) if not atom.nodes & alive)

    def _of(self, statements: Collection[ImportStatement]) -> int:
        """The nodes of some statements, as bits."""
        return functools.reduce(
            operator.or_, (self._bits[statement] for statement in statements), 0
        )

    def falls_away(self, without: Collection[ImportStatement]) -> tuple[int, int]:
        """The self time in µs and the number of the modules that the parse no longer loads without
        these statements.
        """
        return self.sums(self.lost(without))

    def sums(self, lost: int) -> tuple[int, int]:
        """The self time in µs and the number of the modules of these atoms."""
        gone = [atom for number, atom in enumerate(self.atoms) if lost >> number & 1]
        return sum(atom.cost_us for atom in gone), sum(atom.modules for atom in gone)

    def behind_us(self, statement: ImportStatement) -> int:
        """The self time in µs of all modules that a statement loads, including modules that other
        statements also load.
        """
        leads = self._running(self._bits[statement])
        return sum(atom.cost_us for atom in self.atoms if atom.nodes & leads)

    def _running(self, start: int, gone: int = 0) -> int:
        """The nodes that run if these nodes run. Removed nodes do not count."""
        running, waiting = 0, start & ~gone
        while waiting:
            # Take the lowest set bit and its position: this is the next node.
            lowest = waiting & -waiting
            running |= lowest
            waiting |= self._runs[lowest.bit_length() - 1]
            # Modules may import each other in a circle, so skip the nodes that already ran.
            waiting &= ~(running | gone)
        return running
