"""The import graph of one parse, whole and reduced to the user's statements."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from dagprof.attribution.candidates import candidates, shown_path
from dagprof.attribution.graph import ROOT, ImportGraph, ImportStatement
from dagprof.attribution.reduced import Reduced
from dagprof.attribution.scale import saving_ms
from dagprof.model import Edge, Loads, Module, Origin, Status, Trace

from .builders import HELPED, MODULES, file, loads, statement, trace

# The user's helpers a, b and shared; the library heavy with its package part.
HELPERS = (
    Module(name="a", file="/dags/a.py"),
    Module(name="b", file="/dags/b.py"),
    Module(name="shared", file="/dags/shared.py"),
    Module(
        name="heavy",
        file="/site/heavy/__init__.py",
        origin=Origin.DISTRIBUTION,
        distribution="heavy",
    ),
    Module(
        name="heavy.part",
        file="/site/heavy/part.py",
        origin=Origin.DISTRIBUTION,
        distribution="heavy",
    ),
)
A, B, SHARED, HEAVY, PART = range(5)
IMPORT_A, IMPORT_B = ImportStatement(ROOT, 1), ImportStatement(ROOT, 2)


def traced(loaded: Loads, *edges: Edge, sets: Sequence[Sequence[Edge]] = ((),)) -> ImportGraph:
    return ImportGraph(trace(loaded=loaded, edges=edges), HELPERS, sets)


def with_sets(loaded: Loads, *numbers: int) -> Loads:
    columns = {name: getattr(loaded, name) for name in Loads.__struct_fields__}
    return Loads(**{**columns, "imports": numbers})


@pytest.fixture
def diamond() -> ImportGraph:
    """The file imports a and b, both import shared: 10, 20 and 50 ms."""
    loaded = loads(
        (A, -1, 10_000, 60_000, ROOT, 1),
        (SHARED, 0, 50_000, 50_000, A, 3),
        (B, -1, 20_000, 20_000, ROOT, 2),
    )
    sets = ((), (Edge(line=3, target=SHARED),), (Edge(line=4, target=SHARED),))
    return traced(
        with_sets(loaded, 1, 0, 2), Edge(line=1, target=A), Edge(line=2, target=B), sets=sets
    )


def test_a_shared_module_is_credited_to_nobody_alone(diamond: ImportGraph) -> None:
    assert diamond.total_us == 80_000
    assert diamond.saving_us([IMPORT_A]) == 10_000
    assert diamond.saving_us([IMPORT_B]) == 20_000
    assert diamond.saving_us([IMPORT_A, IMPORT_B]) == 80_000
    assert diamond.saving_us([ImportStatement(A, 3)]) == 0
    assert diamond.saving_us([ImportStatement(A, 3), ImportStatement(B, 4)]) == 50_000
    assert set(diamond.importers(SHARED)) == {ImportStatement(A, 3), ImportStatement(B, 4)}


@pytest.mark.parametrize("seed", range(25))
def test_one_walk_for_many_groups_finds_what_a_walk_for_each_finds(seed: int) -> None:
    chance = random.Random(seed)
    size = chance.randint(2, 30)
    modules = [Module(name=f"m{n}", origin=Origin.DISTRIBUTION) for n in range(size)]
    rows = [
        (
            n,
            chance.randint(-1, n - 1),
            chance.randint(1, 9000),
            0,
            chance.choice([ROOT, chance.randrange(size)]),
            n + 1,
        )
        for n in range(size)
    ]
    edges = [Edge(line=chance.randint(1, 40), target=chance.randrange(size)) for _ in range(size)]
    graph = ImportGraph(trace(loaded=loads(*rows), edges=edges), modules, ((),))
    groups: list[list[int]] = [[] for _ in range(4)]
    for module in range(size):
        chance.choice(groups).append(module)
    assert graph.savings_us(groups) == [graph.saving_us(group) for group in groups]
    assert graph.savings_us([]) == []
    assert graph.saving_us([]) == 0


def test_dominators_say_the_same(diamond: ImportGraph) -> None:
    nodes: list[int | ImportStatement] = [*diamond.statements(), A, B, SHARED]
    for node in nodes:
        assert diamond.alone_us(node) == diamond.saving_us([node])
    assert diamond.alone_us(IMPORT_A) == 10_000
    assert diamond.alone_us(SHARED) == 50_000


def test_the_reduced_graph_says_the_same(diamond: ImportGraph) -> None:
    reduced = Reduced(diamond)
    for without in (
        [IMPORT_A],
        [IMPORT_B],
        [IMPORT_A, IMPORT_B],
        [ImportStatement(A, 3), IMPORT_B],
        [ImportStatement(A, 3), ImportStatement(B, 4)],
    ):
        assert reduced.falls_away(without)[0] == diamond.saving_us(without)
    assert reduced.falls_away([IMPORT_A, IMPORT_B]) == (80_000, 3)
    assert reduced.behind_us(IMPORT_A) == diamond.behind_us(IMPORT_A) == 60_000


def test_a_cycle_falls_away_with_its_last_way_in() -> None:
    loaded = loads((A, -1, 10_000, 40_000, ROOT, 1), (B, 0, 30_000, 30_000, A, 1))
    sets = ((), (Edge(line=1, target=B),), (Edge(line=1, target=A),))
    graph = traced(
        with_sets(loaded, 1, 2), Edge(line=1, target=A), Edge(line=2, target=B), sets=sets
    )
    reduced = Reduced(graph)
    assert [graph.saving_us([IMPORT_A]), graph.saving_us([IMPORT_B])] == [0, 0]
    assert (
        graph.saving_us([IMPORT_A, IMPORT_B])
        == reduced.falls_away([IMPORT_A, IMPORT_B])[0]
        == 40_000
    )


def test_a_submodule_needs_its_package() -> None:
    """The file imports heavy and heavy.part: the package stays while its part does."""
    loaded = loads((HEAVY, -1, 50_000, 50_000, ROOT, 1), (PART, -1, 10_000, 10_000, ROOT, 2))
    graph = traced(loaded, Edge(line=1, target=HEAVY), Edge(line=2, target=PART))
    assert graph.saving_us([IMPORT_A]) == 0
    assert graph.saving_us([IMPORT_B]) == 10_000


def test_a_statement_in_a_function_belongs_to_the_module_that_called_it() -> None:
    """The file imports a (line 1) and calls a function of it, which imports heavy (line 7 of a)."""
    loaded = loads((A, -1, 10_000, 10_000, ROOT, 1), (HEAVY, -1, 50_000, 50_000, A, 7))
    in_function = Edge(line=7, target=HEAVY, in_function=True, importer=A, caller_line=5)
    graph = traced(loaded, Edge(line=1, target=A), in_function)
    assert graph.saving_us([IMPORT_A]) == 10_000
    assert graph.saving_us([ImportStatement(A, 7)]) == 50_000
    assert [graph.is_in_function(each) for each in (IMPORT_A, ImportStatement(A, 7))] == [
        False,
        True,
    ]


def test_a_name_from_a_lazy_module_belongs_to_the_import_that_took_it() -> None:
    """``from a import name`` calls the ``__getattr__`` of a, which imports heavy."""
    loaded = loads((A, -1, 10_000, 10_000, ROOT, 1), (HEAVY, -1, 50_000, 50_000, A, 7))
    lazy = Edge(line=7, target=HEAVY, in_function=True, importer=A, caller_line=1)
    graph = traced(loaded, Edge(line=1, target=A), lazy)
    assert graph.saving_us([IMPORT_A]) == 60_000
    helper = Edge(line=7, target=HEAVY, in_function=True, importer=A, caller_line=4)
    inner = with_sets(
        loads(
            (B, -1, 20_000, 80_000, ROOT, 2),
            (A, 0, 10_000, 10_000, B, 4),
            (HEAVY, 0, 50_000, 50_000, A, 7),
        ),
        1,
        0,
        0,
    )
    graph = traced(inner, Edge(line=2, target=B), sets=((), (Edge(line=4, target=A), helper)))
    assert graph.saving_us([ImportStatement(B, 4)]) == 60_000


def test_a_name_from_a_lazy_module_that_was_there_before_is_no_free_saving() -> None:
    """As ``from airflow.sdk import task`` does where the DAG processor has imported
    ``airflow.sdk``.
    """
    loaded = loads((B, -1, 20_000, 20_000, ROOT, 2), (HEAVY, -1, 50_000, 50_000, A, 7))
    lazy = Edge(line=7, target=HEAVY, in_function=True, importer=A, caller_line=1)
    graph = traced(loaded, Edge(line=1, target=A), Edge(line=2, target=B), lazy)
    assert graph.saving_us([]) == 0
    assert graph.saving_us([IMPORT_A]) == 50_000
    assert graph.saving_us([IMPORT_B]) == 20_000
    reduced = Reduced(graph)
    assert reduced.lost([]) == 0
    assert reduced.falls_away([IMPORT_B]) == (20_000, 1)


def test_each_caller_of_a_lazy_module_has_what_it_took_itself() -> None:
    """The file takes ``heavy.part`` from heavy by ``from heavy import part``, and its helper a
    takes shared in the same way.
    """
    loaded = loads(
        (A, -1, 10_000, 40_000, ROOT, 1),
        (SHARED, 0, 30_000, 30_000, HEAVY, 9),
        (PART, -1, 50_000, 50_000, HEAVY, 9),
    )
    columns = {name: getattr(loaded, name) for name in Loads.__struct_fields__}
    loaded = Loads(**{**columns, "caller_line": (1, 3, 2), "imports": (1, 0, 0)})
    graph = traced(
        loaded,
        Edge(line=1, target=A),
        Edge(line=2, target=HEAVY),
        sets=((), (Edge(line=3, target=HEAVY),)),
    )
    assert graph.alone_us(SHARED) == graph.saving_us([ImportStatement(A, 3)]) == 30_000
    assert graph.alone_us(PART) == graph.saving_us([IMPORT_B]) == 50_000
    assert graph.targets(IMPORT_B) == [PART]
    lazy = ImportStatement(HEAVY, 9)
    assert graph.saving_us([lazy]) == graph.alone_us(lazy) == graph.behind_us(lazy) == 80_000
    assert graph.importers(PART) == [lazy]


def test_a_helpers_function_goes_with_all_its_calls() -> None:
    """Line 7 of a imports what it is asked for: heavy for the file, shared for b, which the file
    imports.
    """
    loaded = loads(
        (B, -1, 20_000, 50_000, ROOT, 2),
        (SHARED, 0, 30_000, 30_000, A, 7),
        (HEAVY, -1, 60_000, 60_000, A, 7),
    )
    columns = {name: getattr(loaded, name) for name in Loads.__struct_fields__}
    graph = traced(Loads(**{**columns, "caller_line": (2, 4, 3)}), Edge(line=2, target=B))
    in_a = ImportStatement(A, 7)
    reduced = Reduced(graph)
    for without, ms in (([IMPORT_B], 50), ([in_a], 90), ([IMPORT_B, in_a], 110)):
        assert graph.saving_us(without) == reduced.falls_away(without)[0] == 1000 * ms
    assert graph.behind_us(in_a) == reduced.behind_us(in_a) == 90_000
    assert reduced.statements.count(in_a) == 1


def test_a_load_that_no_statement_was_seen_for_stays_with_what_was_loading() -> None:
    loaded = loads((A, -1, 10_000, 40_000, ROOT, 1), (HEAVY, 0, 30_000, 30_000, -2, 0))
    graph = traced(loaded, Edge(line=1, target=A))
    assert graph.saving_us([IMPORT_A]) == 40_000


def test_the_chain_names_the_statements_from_the_file_on(diamond: ImportGraph) -> None:
    assert list(diamond.chain(SHARED).items()) == [(IMPORT_A, A), (ImportStatement(A, 3), SHARED)]


def test_a_package_is_loaded_for_whoever_asked_for_its_module() -> None:
    """``import heavy.part`` in a loads heavy inside the load of heavy.part, before any of its
    code runs.
    """
    loaded = loads(
        (A, -1, 10_000, 90_000, ROOT, 1),
        (PART, 0, 30_000, 80_000, A, 3),
        (HEAVY, 1, 50_000, 50_000, A, 3),
    )
    columns = {name: getattr(loaded, name) for name in Loads.__struct_fields__}
    graph = traced(Loads(**{**columns, "caller_line": (1, 3, 3)}), Edge(line=1, target=A))
    assert list(graph.chain(HEAVY).items()) == [(IMPORT_A, A), (ImportStatement(A, 3), HEAVY)]
    assert graph.ways(ImportStatement(A, 3)) == [ImportStatement(A, 3)]
    assert graph.alone_us(ImportStatement(A, 3)) == 80_000


def test_candidates_are_the_users_and_promise_enough() -> None:
    result = file("x.py", 100.0, trace=trace(loaded=HELPED, gc_ms=0.0))
    found = candidates(result, MODULES, ((),), "/dags", smallest_ms=5.0)
    assert [(str(c.place), round(c.alone_ms), round(c.behind_ms)) for c in found] == [
        ("x.py:4", 81, 81),
        ("common/frames.py:1", 80, 80),
    ]
    assert candidates(result, MODULES, ((),), "/dags", smallest_ms=90.0) == []
    failed = file("x.py", 100.0, trace=result.trace, status=Status.IMPORT_ERROR)
    assert candidates(failed, MODULES, (), "/dags", smallest_ms=5.0) == []


def test_paths_are_shown_below_the_root_only() -> None:
    assert shown_path("/dags/common/frames.py", "/dags") == "common/frames.py"
    assert shown_path("/plugins/frames.py", "/dags") == "/plugins/frames.py"


def scaled(traced_ms: float, gc_ms: float, *plain_ms: float) -> float:
    """What 50 traced ms are in plain parses, all of whose time is the load stage's."""
    pass_ = trace(
        wall_ms=1.25 * traced_ms, gc_ms=gc_ms, statements=(statement(1, int(traced_ms * 1000)),)
    )
    return saving_ms(file("x.py", *(1.25 * ms for ms in plain_ms), trace=pass_), 50_000)


def test_savings_are_those_of_a_plain_parse() -> None:
    assert scaled(100.0, 0.0, 80.0) == pytest.approx(40.0)
    assert scaled(100.0, 0.0, 100.0) == pytest.approx(50.0)


def test_disturbed_plain_parses_make_no_saving_larger() -> None:
    assert scaled(100.0, 0.0, 170.0) == pytest.approx(50.0)
    assert scaled(100.0, 25.0, 170.0) == pytest.approx(62.5)


def test_a_parse_without_loads_has_no_statements() -> None:
    graph = ImportGraph(Trace(wall_ms=1.0, gc_ms=0.0, compile_ms=0.0), (), ())
    assert (graph.statements(), graph.total_us, Reduced(graph).atoms) == ([], 0, ())
