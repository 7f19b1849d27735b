"""The dominator index of a graph: which nodes the root reaches, and which it no longer reaches once
some nodes are gone.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import networkx

Node = TypeVar("Node", bound=Hashable)


class DominatorIndex(Generic[Node]):
    """Answers questions about a graph that does not change. ``after`` maps each node to the nodes
    behind it, ``costs`` maps nodes to costs; a missing cost is 0.

    Walks use numbers instead of nodes, because a large fleet needs a hundred thousand walks.
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
        """The cost of all nodes reached from some nodes, with others gone."""
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
        """For each group, the cost of all nodes reached from the root when the nodes of the group
        are gone.

        One walk answers all groups: a node keeps a bit for each group that some path from the root
        to the node avoids.
        """
        allowed = [-1] * len(self._places)
        for number, nodes in enumerate(groups):
            for node in nodes:
                if node in self._places:
                    allowed[self._places[node]] &= ~(1 << number)
        avoided = [0] * len(self._places)
        avoided[self._places[self._root]] = (1 << len(groups)) - 1
        waiting = [self._places[self._root]]
        while waiting:
            here = waiting.pop()
            for there in self._after[here]:
                gained = avoided[here] & allowed[there] & ~avoided[there]
                if gained:
                    avoided[there] |= gained
                    waiting.append(there)
        kept = [0] * len(groups)
        for cost, mask in zip(self._costs, avoided, strict=True):
            if cost:
                for number in range(len(groups)):
                    if mask >> number & 1:
                        kept[number] += cost
        return kept

    @cached_property
    def dominated(self) -> dict[Node, int]:
        """For each reached node, the cost of all nodes that it dominates, its own cost included."""
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
