"""The import tree of one file."""

from __future__ import annotations

import msgspec

from dagprof.analyse.tree import import_tree
from dagprof.attribution.graph import ImportGraph
from dagprof.model import Edge, Loads

from .builders import MODULES, file, loads, run, trace


def rows(loaded: Loads, *edges: Edge) -> list[tuple[str, int, int, int]]:
    """Name, line, total and alone in ms of the outermost branches."""
    traced = file("a.py", 100, trace=trace(100, loaded, edges=edges))
    assert traced.trace is not None
    graph = ImportGraph(traced.trace, MODULES, ((),))
    tree = import_tree(graph, traced, run(traced), smallest_us=1)
    return [(each.name, each.line, each.total_us // 1000, each.alone_us // 1000) for each in tree]


def test_a_line_gives_back_what_it_alone_leads_to() -> None:
    loaded = loads((1, -1, 20_000, 50_000, -1, 3), (3, 0, 30_000, 30_000, 1, 7))
    assert rows(loaded, Edge(line=3, target=1)) == [("pandas", 3, 50, 50)]


def test_a_line_that_begins_several_loads_has_its_figure_beside_none() -> None:
    """``from pandas import core`` runs the ``__getattr__`` of pandas, which imports it."""
    loaded = loads((1, -1, 20_000, 20_000, -1, 3), (2, -1, 60_000, 60_000, 1, 9))
    loaded = msgspec.structs.replace(loaded, caller_line=(0, 3))
    lazily = Edge(line=9, target=2, in_function=True, importer=1, caller_line=3)
    found = rows(loaded, Edge(line=3, target=1), lazily)
    assert [(name, line, total) for name, line, total, _ in found] == [
        ("pandas", 3, 20),
        ("pandas.core", 3, 60),
    ]
    assert all(alone <= total for *_, total, alone in found)


def test_a_module_that_others_load_too_falls_away_with_no_line() -> None:
    """Line 3 begins two loads, and line 4 asks for the same."""
    loaded = loads((1, -1, 20_000, 20_000, -1, 3), (2, -1, 60_000, 60_000, -1, 3))
    edges = [Edge(line=line, target=target) for line in (3, 4) for target in (1, 2)]
    assert rows(loaded, *edges) == [("pandas", 3, 20, 0), ("pandas.core", 3, 60, 0)]
