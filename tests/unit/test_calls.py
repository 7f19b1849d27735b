"""Calls as changes: which statements a parse can be tried without, and what they cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dagprof.analyse.fleet import Fleet
from dagprof.attribution.calls import call_statements, calls_in, own_us
from dagprof.attribution.candidates import candidates
from dagprof.attribution.graph import ROOT, ImportGraph, ImportStatement
from dagprof.attribution.reduced import Reduced
from dagprof.attribution.statement_times import without_loads_us
from dagprof.model import (
    Edge,
    Experiment,
    FileResult,
    Loads,
    Module,
    Need,
    Origin,
    Place,
    Run,
)
from dagprof.report import changes

from .builders import file, run, statement, trace

SOURCE = """\
import logging.config
init()
logging.config.dictConfig(
    {"version": 1},
)
CLIENT = storage.Client(project="p")
CONFIG: dict = yaml.safe_load(text)["key"]
A, B = pair()
NUMBER = 5
os.environ["X"] = get()
self.x = y = make()
class Settings:
    load()
    VALUE = read()
    def method(self):
        never()
if flag:
    try:
        conditional()
    except ValueError:
        HANDLED = fallback()
for each in range(3):
    looped(each)
def function():
    never()
    NEVER = never()
LATER = lambda: never()
"docstring"
a.b["c"].d()
"""
MODULES = (
    Module(name="helper", file="/dags/helper.py"),
    Module(name="heavy", file="/site/heavy.py", origin=Origin.DISTRIBUTION, distribution="heavy"),
)
HELPER, HEAVY = range(2)
INIT = ImportStatement(ROOT, 5)


def test_statements_that_only_call_or_keep_what_a_call_returns(tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text(SOURCE)
    found = {
        line: (call.called, call.assigned, call.can_go)
        for line, call in call_statements(str(source)).items()
    }
    assert found == {
        2: ("init", (), True),
        3: ("logging.config.dictConfig", (), True),
        6: ("storage.Client", ("CLIENT",), True),
        7: ("yaml.safe_load", ("CONFIG",), True),
        8: ("pair", ("A", "B"), True),
        10: ("get", (), False),
        11: ("make", (), False),
        13: ("load", (), True),
        14: ("read", ("VALUE",), False),
        19: ("conditional", (), True),
        21: ("fallback", ("HANDLED",), True),
        22: ("range", (), False),
        23: ("looped", (), True),
        29: ("a.b['c'].d", (), True),
    }


def test_a_name_bound_inside_an_expression_and_a_second_statement_are_left_out(
    tmp_path: Path,
) -> None:
    source = tmp_path / "a.py"
    source.write_text("y = (m := slow())\nz = one(); w = two()\nif n := slow():\n    init()\n")
    assert {line: call.called for line, call in call_statements(str(source)).items()} == {4: "init"}


@pytest.mark.parametrize("text", ["def broken(", "", "\x00"])
def test_a_source_without_statements_has_no_calls(tmp_path: Path, text: str) -> None:
    source = tmp_path / "a.py"
    source.write_text(text)
    assert call_statements(str(source)) == {}
    assert call_statements(str(tmp_path / "missing.py")) == {}


def traced(path: str = "a.py", *, own_us: int = 20_000, **fields: Any) -> FileResult:
    """Line 1 imports helper (2 ms); the call at line 5 takes 20 ms, and its function in helper.py
    imports heavy (60 ms). The parse takes 100 ms.
    """
    loaded = Loads(
        module=(HELPER, HEAVY),
        parent=(-1, -1),
        self_us=(2_000, 60_000),
        cumulative_us=(2_000, 60_000),
        importer=(ROOT, HELPER),
        line=(1, 3),
        caller_line=(1, 5),
        imports=(0, 0),
    )
    pass_ = trace(
        wall_ms=100.0,
        loaded=loaded,
        gc_ms=0.0,
        edges=(
            Edge(line=1, target=HELPER),
            Edge(line=3, target=HEAVY, in_function=True, importer=HELPER, caller_line=5),
        ),
        statements=(statement(1, 2_000), statement(5, 60_000 + own_us), statement(7, 18_000)),
    )
    return file(path, 100.0, trace=pass_, **fields)


def graph(*calls: ImportStatement) -> ImportGraph:
    pass_ = traced().trace
    assert pass_ is not None
    own = own_us(traced(), MODULES)
    return ImportGraph(pass_, MODULES, ((),), {call: own[call] for call in calls})


def test_a_call_owns_what_it_loads() -> None:
    assert graph(INIT).alone_us(INIT) == 80_000
    assert graph(INIT).behind_us(INIT) == 80_000
    # The import in the helper's function still owns it too.
    owner = ImportStatement(HELPER, 3)
    assert graph().alone_us(owner) == graph(INIT).alone_us(owner) == 60_000
    assert INIT not in graph().statements()


def test_a_call_that_loads_nothing_is_a_statement_too() -> None:
    idle = ImportStatement(ROOT, 7)
    reduced = Reduced(graph(INIT, idle))
    assert reduced.falls_away([idle]) == (18_000, 0)
    assert reduced.falls_away([INIT]) == (80_000, 1)
    assert reduced.falls_away([INIT, idle]) == (98_000, 1)
    assert reduced.falls_away([ImportStatement(HELPER, 3)]) == (60_000, 1)


def test_the_time_of_a_call_excludes_what_its_function_loads() -> None:
    pass_ = traced().trace
    assert pass_ is not None
    assert without_loads_us(pass_) == [0, 20_000, 18_000]


def test_calls_that_build_dags_are_no_candidates(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import helper\n\n\n\nhelper.init()\n\nhelper.build()\n")
    pass_ = trace(statements=(statement(5, 80_000), statement(7, 18_000, building_us=9_000)))
    found = calls_in(file("a.py", 100.0, trace=pass_), MODULES, str(tmp_path))
    assert {each.line: call.called for each, call in found.items()} == {5: "helper.init"}


def test_a_slow_call_is_a_candidate_with_its_whole_cost(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import helper\n\n\n\nhelper.init()\n\nx = helper.idle()\n")
    found = candidates(traced(), MODULES, ((),), str(tmp_path), smallest_ms=10.0)
    calls = {each.place.line: each for each in found if each.call is not None}
    assert list(calls) == [5, 7]
    assert calls[5].alone_ms == pytest.approx(80.0, rel=0.3)
    assert calls[7].alone_ms == pytest.approx(18.0, rel=0.3)
    assert calls[7].call is not None
    assert calls[7].call.assigned == ("x",)


def proof(line: int, called: str, *saving_ms: float, **fields: Any) -> Experiment:
    return Experiment(
        without=(Place(file="a.py", line=line),),
        need=Need.NOT_NEEDED,
        saving_ms=saving_ms,
        called=called,
        **fields,
    )


def fleet(*files: FileResult) -> Fleet:
    found: Run = run(*files, modules=MODULES, import_sets=((),))
    return Fleet(found)


def test_the_plan_takes_the_call_and_says_what_to_do() -> None:
    found = fleet(traced(experiments=(proof(5, "helper.init", 79.0, 81.0, 80.0),)))
    (step,) = found.plan().steps
    (change,) = step.changes
    assert (str(change.place), step.evidence, step.adds_ms) == ("a.py:5", "proved", 80.0)
    assert changes.instruction(step) == (
        "Parsing does not need the call to helper.init. Call helper.init only in tasks. The call loads 1 module (heavy)."
    )


def test_an_assignment_names_what_parsing_does_not_use() -> None:
    used = proof(7, "idle", 18.0, 18.0, 18.0, assigned=("CLIENT",))
    (step,) = fleet(traced(experiments=(used,))).plan().steps
    assert changes.instruction(step) == (
        "Parsing does not use CLIENT. Call idle in a cached function, and call this function from tasks."
    )
    unused = proof(7, "idle", 18.0, 18.0, 18.0, assigned=("CLIENT",), is_unused=True)
    (step,) = fleet(traced(experiments=(unused,))).plan().steps
    assert changes.instruction(step) == (
        "No code uses CLIENT. Remove the call to idle unless you need its side effects."
    )


def test_a_call_that_a_file_needs_is_not_in_the_plan() -> None:
    needed = Experiment(
        without=(Place(file="a.py", line=5),),
        need=Need.RAISES,
        reason="NameError: x",
        called="helper.init",
    )
    found = fleet(traced(experiments=(needed,)))
    assert found.plan().steps == ()
    (change,) = found.needed()
    assert (str(change.place), change.called) == ("a.py:5", "helper.init")


def test_a_helpers_call_counts_in_every_file_that_runs_it() -> None:
    """One file tried the call; the graph gives the saving of the other."""
    place = Place(file="helper.py", line=9)
    tried = Experiment(
        without=(place,), need=Need.NOT_NEEDED, saving_ms=(60.0, 60.0), called="init"
    )

    def by_helper(path: str, *experiments: Experiment) -> FileResult:
        loaded = Loads(
            module=(HELPER, HEAVY),
            parent=(-1, 0),
            self_us=(2_000, 60_000),
            cumulative_us=(62_000, 60_000),
            importer=(ROOT, HELPER),
            line=(1, 3),
            caller_line=(1, 9),
            imports=(0, 0),
        )
        edges = (Edge(line=1, target=HELPER),)
        pass_ = trace(wall_ms=100.0, loaded=loaded, gc_ms=0.0, edges=edges)
        return file(path, 100.0, trace=pass_, experiments=experiments)

    (change,) = [
        each for each in fleet(by_helper("a.py", tried), by_helper("b.py")).changes() if each.called
    ]
    assert (change.place, change.files) == (place, 2)
    assert change.saving_ms == pytest.approx(120.0, rel=0.2)
    assert (change.not_needed, change.untried, change.evidence) == (1, 1, "partly proved")


def test_an_import_that_only_a_call_needs_comes_after_the_call() -> None:
    """Line 1 imports helper, and only the call at line 5 uses it."""
    loaded = Loads(
        module=(HELPER, HEAVY),
        parent=(-1, -1),
        self_us=(30_000, 40_000),
        cumulative_us=(30_000, 40_000),
        importer=(ROOT, HELPER),
        line=(1, 3),
        caller_line=(1, 5),
        imports=(0, 0),
    )
    pass_ = trace(wall_ms=100.0, loaded=loaded, gc_ms=0.0, edges=(Edge(line=1, target=HELPER),))
    import_place, call_place = Place(file="a.py", line=1), Place(file="a.py", line=5)
    needed = Experiment(without=(import_place,), need=Need.RAISES, reason="NameError")
    both = Experiment(
        without=(import_place, call_place), need=Need.NOT_NEEDED, saving_ms=(70.0, 70.0, 70.0)
    )
    call = proof(5, "helper.init", 40.0, 40.0, 40.0)
    found = fleet(file("a.py", 100.0, trace=pass_, experiments=(needed, both, call)))
    first, second = found.plan().steps
    assert [(str(c.place), step.evidence) for step in (first, second) for c in step.changes] == [
        ("a.py:5", "proved"),
        ("a.py:1", "proved"),
    ]
    assert first.adds_ms == 40.0
    assert second.adds_ms == pytest.approx(30.0)
    assert (
        "Also move the code at a.py:5. During parsing, only this code needs the import."
        in changes.instruction(second)
    )
    assert found.needed() == []

    alone = fleet(file("a.py", 100.0, trace=pass_, experiments=(needed, call)))
    assert [str(c.place) for step in alone.plan().steps for c in step.changes] == ["a.py:5"]
    assert [str(change.place) for change in alone.needed()] == ["a.py:1"]
