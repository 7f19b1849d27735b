"""What changes would give back over all files, and the plan of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from dagprof.analyse.fleet import Fleet
from dagprof.attribution.graph import ROOT
from dagprof.model import Edge, Experiment, FileResult, Loads, Module, Need, Origin, Place, Run

from .builders import file, loads, run, trace

MODULES = (
    Module(name="helper", file="/dags/helper.py"),
    Module(name="other", file="/dags/other.py"),
    Module(name="heavy", file="/site/heavy.py", origin=Origin.DISTRIBUTION, distribution="heavy"),
    Module(name="light", file="/site/light.py", origin=Origin.DISTRIBUTION, distribution="light"),
)
HELPER, OTHER, HEAVY, LIGHT = range(4)
# 0: nothing; 1 and 2: helper.py and other.py import heavy in their line 3.
SETS = ((), (Edge(line=3, target=HEAVY),), (Edge(line=3, target=HEAVY),))


def measured(
    path: str, rows: Sequence[tuple[int, int, int, int, int, int]], *edges: Edge, **changes: Any
) -> FileResult:
    """A file that takes 100 ms plain and traced, whose helpers import heavy."""
    loaded = loads(*rows)
    sets = tuple({HELPER: 1, OTHER: 2}.get(module, 0) for module in loaded.module)
    columns = {name: getattr(loaded, name) for name in Loads.__struct_fields__}
    pass_ = trace(
        wall_ms=100.0, loaded=Loads(**{**columns, "imports": sets}), gc_ms=0.0, edges=edges
    )
    return file(path, 100.0, trace=pass_, **changes)


def by_helper(path: str, **changes: Any) -> FileResult:
    """Line 1 imports helper (1 ms), which imports heavy (60 ms)."""
    rows = [(HELPER, -1, 1_000, 61_000, ROOT, 1), (HEAVY, 0, 60_000, 60_000, HELPER, 3)]
    return measured(path, rows, Edge(line=1, target=HELPER), **changes)


def by_both(path: str, **changes: Any) -> FileResult:
    """Lines 1 and 2 import helper and other, which both import heavy."""
    rows = [
        (HELPER, -1, 1_000, 61_000, ROOT, 1),
        (HEAVY, 0, 60_000, 60_000, HELPER, 3),
        (OTHER, -1, 1_000, 1_000, ROOT, 2),
    ]
    return measured(path, rows, Edge(line=1, target=HELPER), Edge(line=2, target=OTHER), **changes)


def light(path: str, **changes: Any) -> FileResult:
    """Line 5 imports light (20 ms)."""
    return measured(
        path, [(LIGHT, -1, 20_000, 20_000, ROOT, 5)], Edge(line=5, target=LIGHT), **changes
    )


def fleet(*files: FileResult) -> Fleet:
    return Fleet(scanned(*files))


def scanned(*files: FileResult) -> Run:
    return run(*files, modules=MODULES, import_sets=SETS)


def experiment(
    need: Need, *places: str, saving_ms: tuple[float, ...] = (), **changes: Any
) -> Experiment:
    return Experiment(without=tuple(map(at, places)), need=need, saving_ms=saving_ms, **changes)


def at(text: str) -> Place:
    path, _, line = text.partition(":")
    return Place(file=path, line=int(line))


def steps(fleet: Fleet, length: int = 20) -> list[tuple[list[str], int, int]]:
    """Of each step: its places, what it adds and the total after it."""
    return [
        ([str(change.place) for change in step.changes], round(step.adds_ms), round(step.total_ms))
        for step in fleet.plan(length, untried=True).steps
    ]


def test_one_line_of_a_helper_counts_in_every_file() -> None:
    changes = {
        str(change.place): change
        for change in fleet(by_helper("a.py"), by_helper("b.py")).changes()
    }
    assert changes["helper.py:3"].saving_ms == pytest.approx(120)
    assert changes["helper.py:3"].files == 2
    assert changes["helper.py:3"].loads == ("heavy",)
    assert changes["a.py:1"].saving_ms == pytest.approx(61)
    assert changes["a.py:1"].modules == 2
    assert {change.evidence for change in changes.values()} == {"estimated"}


def test_the_largest_saving_comes_first_and_counts_what_is_left() -> None:
    """With helper.py:3 gone, a.py:1 and b.py:1 are worth 1 ms each: no steps."""
    assert steps(fleet(by_helper("a.py"), by_helper("b.py"), light("c.py"))) == [
        (["helper.py:3"], 120, 180),
        (["c.py:5"], 20, 160),
    ]
    assert steps(fleet(by_helper("a.py"), light("c.py")), length=1) == [(["a.py:1"], 61, 139)]


def test_what_helps_only_together_is_one_step() -> None:
    found = fleet(by_both("a.py"), by_both("b.py"))
    assert found.changes() == []
    assert steps(found) == [(["helper.py:3", "other.py:3"], 120, 80)]


def test_shared_imports_are_not_lost_beside_others() -> None:
    found = steps(fleet(by_both("a.py"), light("c.py")))
    assert found[0] == (["c.py:5"], 20, 180)
    assert len(found[1][0]) == 2
    assert found[1][1] == pytest.approx(60, abs=2)


@pytest.mark.parametrize(
    "need", [Need.RAISES, Need.CHANGES_DAGS, Need.UNKNOWN], ids=lambda need: need.value
)
def test_what_a_parse_needs_is_not_proposed(need: Need) -> None:
    needed = experiment(need, "helper.py:3", reason="NameError: heavy")
    found = fleet(by_helper("a.py", experiments=(needed,)), by_helper("b.py"))
    assert all("helper.py:3" not in places for places, _, _ in steps(found))
    change = next(change for change in found.changes() if str(change.place) == "helper.py:3")
    if need is not Need.UNKNOWN:
        assert (change.evidence, change.needed, change.reason) == ("needed", 1, "NameError: heavy")


def test_proved_savings_stand_for_the_estimate() -> None:
    proof = experiment(
        Need.NOT_NEEDED, "a.py:1", saving_ms=(40.0, 44.0, 42.0), memory_kib=(900, 1000, 1100)
    )
    found = fleet(by_helper("a.py", experiments=(proof,)))
    change = next(change for change in found.changes() if str(change.place) == "a.py:1")
    assert (change.saving_ms, change.proved_ms, change.evidence, change.memory_kib) == (
        42.0,
        42.0,
        "proved",
        1000,
    )
    estimated = next(change for change in found.changes() if str(change.place) == "helper.py:3")
    assert estimated.saving_ms == pytest.approx(60)


def test_partly_proved() -> None:
    proof = experiment(Need.NOT_NEEDED, "helper.py:3", saving_ms=(60.0, 60.0, 60.0))
    found = fleet(by_helper("a.py", experiments=(proof,)), by_helper("b.py"))
    change = found.changes()[0]
    assert (str(change.place), change.evidence, change.proved_ms, change.untried) == (
        "helper.py:3",
        "partly proved",
        60,
        1,
    )
    assert found.plan(untried=True).steps[0].evidence == "partly proved"


def test_the_floor_is_everything_movable_moved() -> None:
    plan = fleet(by_helper("a.py"), by_both("b.py"), light("c.py")).plan(untried=True)
    assert plan.before_ms == 300
    assert plan.floor_ms == pytest.approx(300 - 61 - 62 - 20)
    assert plan.floor_ms <= plan.after_ms
    assert plan.files_faster == 3


def test_cautions_of_all_files_are_told_once() -> None:
    first = experiment(
        Need.NOT_NEEDED,
        "helper.py:3",
        saving_ms=(60.0, 60.0),
        cautions=("environment variable: X",),
    )
    second = experiment(
        Need.NOT_NEEDED,
        "helper.py:3",
        saving_ms=(60.0, 60.0),
        cautions=("environment variable: X", "builtin: y"),
    )
    found = fleet(by_helper("a.py", experiments=(first,)), by_helper("b.py", experiments=(second,)))
    assert found.changes()[0].cautions == ("environment variable: X", "builtin: y")


def test_the_true_cost_of_a_distribution() -> None:
    found = fleet(by_helper("a.py"), by_both("b.py"), light("c.py"))
    assert found.distributions["heavy"] == pytest.approx(120)
    assert found.distributions["light"] == pytest.approx(20)


def test_a_run_without_traces_has_no_plan() -> None:
    plan = fleet(file("a.py", 100.0)).plan()
    assert (plan.steps, plan.before_ms, plan.after_ms, plan.floor_ms) == ((), 100.0, 100.0, 100.0)


def test_what_was_not_tried_is_counted_and_not_proposed() -> None:
    plan = fleet(light("c.py")).plan()
    assert plan.steps == ()
    assert plan.untried == 1
    assert plan.after_ms == plan.before_ms
