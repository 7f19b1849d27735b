"""Dominators of a graph: the nodes that the root reaches, and the nodes that it no longer reaches
without some other nodes.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import networkx

Node = TypeVar("Node", bound=Hashable)
# Groups of one walk, which keeps as many bits for each node.
_AT_ONCE = 500


class DominatorIndex(Generic[Node]):
    """Answers questions about an unchanging graph. ``after`` maps each node to its successors.
    ``costs`` maps nodes to costs; a missing cost is 0.

    The class uses numbers instead of nodes, because a large fleet needs a hundred thousand walks
    through the graph.
    """

    def __init__(
        self, root: Node, after: Mapping[Node, Iterable[Node]], costs: Mapping[Node, int]
    ) -> None:
        self._root = root
        self._places: dict[Node, int] = {}
        for node, nodes in after.items():
            self._places.setdefault(node, len(self._places))
            for each in nodes:
                self._places.setdefault(each, len(self._places))
        self._after = [
            [self._places[each] for each in after.get(node, ())] for node in self._places
        ]
        self._costs = [costs.get(node, 0) for node in self._places]

    def cost(self, start: Iterable[Node], without: Collection[Node] = ()) -> int:
        """The total cost of all nodes that are reachable from some start nodes, if the nodes
        ``without`` are removed.
        """
        seen = bytearray(len(self._places))
        for node in without:
            if node in self._places:
                seen[self._places[node]] = 1
        waiting = [self._places[node] for node in start]
        cost = 0
        while waiting:
            for number in self._after[waiting.pop()]:
                if not seen[number]:
                    seen[number] = 1
                    cost += self._costs[number]
                    waiting.append(number)
        return cost

    def costs_without(self, groups: Sequence[Collection[Node]]) -> list[int]:
        """For each group, the total cost of all nodes that the root reaches if the nodes of the
        group are removed.

        One walk through the graph computes the costs of many groups. A node has one bit for each
        group that some path from the root to the node avoids.
        """
        return [
            cost
            for first in range(0, len(groups), _AT_ONCE)
            for cost in self._costs_without(groups[first : first + _AT_ONCE])
        ]

    def _costs_without(self, groups: Sequence[Collection[Node]]) -> list[int]:
        allowed = [-1] * len(self._places)
        for number, nodes in enumerate(groups):
            for node in nodes:
                if node in self._places:
                    allowed[self._places[node]] &= ~(1 << number)
        avoided = [0] * len(self._places)
        every = avoided[self._places[self._root]] = (1 << len(groups)) - 1
        waiting = [self._places[self._root]]
        while waiting:
            here = waiting.pop()
            for there in self._after[here]:
                gained = avoided[here] & allowed[there] & ~avoided[there]
                if gained:
                    avoided[there] |= gained
                    waiting.append(there)
        reached = [(cost, mask) for cost, mask in zip(self._costs, avoided, strict=True) if mask]
        kept = [sum(cost for cost, _ in reached)] * len(groups)
        for cost, mask in reached:
            # Few groups cut a node off. The lowest bit that is set is the next of them.
            cut_off = every & ~mask if cost else 0
            while cut_off:
                lowest = cut_off & -cut_off
                kept[lowest.bit_length() - 1] -= cost
                cut_off ^= lowest
        return kept

    @cached_property
    def dominated(self) -> dict[Node, int]:
        """For each reachable node, the total cost of the node and of all nodes that it
        dominates.
        """
        import networkx  # slow to import: 0.25 s, before the first parse if at the top

        nodes = list(self._places)
        graph: networkx.DiGraph[int] = networkx.DiGraph()
        graph.add_nodes_from(range(len(nodes)))
        graph.add_edges_from(
            (before, there) for before, after in enumerate(self._after) for there in after
        )
        root = self._places[self._root]
        above = networkx.immediate_dominators(graph, root)
        tree: networkx.DiGraph[int] = networkx.DiGraph()
        tree.add_node(root)
        tree.add_edges_from(
            (over, node) for node, over in above.items() if over is not None and node != root
        )
        totals = list(self._costs)
        for node in networkx.dfs_postorder_nodes(tree, root):
            for inner in tree.successors(node):
                totals[node] += totals[inner]
        return {nodes[number]: totals[number] for number in tree}
