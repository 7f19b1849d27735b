"""The division of the load stage into causes."""

from __future__ import annotations

from typing import Any

import pytest

from dagprof.analyse.frames import owners_frame
from dagprof.analyse.owners import CauseKind, by_kind, owners
from dagprof.model import Effect, FileResult, HelperStatements, Loads, Module, Origin
from dagprof.report import figures

from .builders import file, run, samples, statement, trace

MODULES = (
    Module(name="helper", file="/dags/helper.py"),
    Module(name="heavy", file="/site/heavy.py", origin=Origin.DISTRIBUTION, distribution="heavy"),
)
HELPER, HEAVY, ROOT = 0, 1, -1


def traced(**changes: Any) -> FileResult:
    """Line 1 imports helper (30 ms of its own, of which line 4 takes 25), which imports heavy at
    line 2 (40 ms). Line 5 of the DAG file takes 20 ms, of which a program takes 12.
    """
    loaded = Loads(
        module=(HELPER, HEAVY),
        parent=(-1, 0),
        self_us=(30_000, 40_000),
        cumulative_us=(70_000, 40_000),
        importer=(ROOT, HELPER),
        line=(1, 2),
        caller_line=(1, 2),
        imports=(0, 0),
    )
    pass_ = trace(
        wall_ms=100.0,
        loaded=loaded,
        gc_ms=0.0,
        load_ms=94.0,
        statements=(statement(1, 70_000, 70_000), statement(5, 20_000, 5_000, gc_us=2_000)),
        helpers=(
            HelperStatements(
                module=HELPER,
                statements=(statement(2, 40_000, 40_000), statement(4, 25_000, 25_000)),
            ),
        ),
        **changes,
    )
    program = Effect(kind="process", what="sh", file="/dags/a.py", line=5, wall_us=12_000)
    return file("a.py", samples=samples(100.0, load=0.94), trace=pass_, effects=(program,))


def parts(result: FileResult) -> dict[tuple[str, str], float]:
    found = run(result, modules=MODULES, import_sets=((),), root="/dags")
    return {
        (owner.kind.value, str(owner.place)): round(owner.ms, 3)
        for owner in owners(found, found.files[0])
    }


def test_every_part_has_a_line_and_the_parts_add_up() -> None:
    found = parts(traced())
    assert found == {
        ("import", "a.py:1"): pytest.approx(5.0),  # the helper without its statements
        ("import", "helper.py:2"): pytest.approx(40.0),
        ("code", "helper.py:4"): pytest.approx(25.0),
        ("program", "a.py:5"): pytest.approx(12.0),
        ("code", "a.py:5"): pytest.approx(5.0),
        ("wait", "a.py:5"): pytest.approx(3.0),
        ("garbage collection", "a.py:5"): pytest.approx(2.0),
        ("loading by Airflow", "None"): pytest.approx(2.0),
    }
    assert sum(found.values()) == pytest.approx(94.0)


def test_kinds_are_summed_with_the_other_stages() -> None:
    found = run(traced(), modules=MODULES, import_sets=((),), root="/dags")
    kinds = by_kind(found)
    assert kinds["import"] == pytest.approx(45.0)
    assert sum(kinds.values()) == pytest.approx(found.files[0].own_ms, rel=0.1)
    assert figures.causes(found).startswith("import 4")


def test_a_file_without_a_trace_has_no_parts() -> None:
    untraced = run(file("a.py", 100.0))
    assert owners(untraced, untraced.files[0]) == []
    assert "untraced" in by_kind(untraced)
    assert figures.causes(untraced) == ""
    assert owners_frame(untraced).empty


def test_the_table_has_the_largest_part_first() -> None:
    found = owners_frame(run(traced(), modules=MODULES, import_sets=((),), root="/dags"))
    first = found.iloc[0]
    assert (first["kind"], first["file"], first["line"], first["what"]) == (
        "import",
        "helper.py",
        2,
        "heavy",
    )
    assert set(found["kind"]) <= {kind.value for kind in CauseKind}


def test_a_module_without_a_line_is_unknown() -> None:
    loaded = Loads(
        module=(HELPER, HEAVY),
        parent=(-1, 0),
        self_us=(1_000, 40_000),
        cumulative_us=(41_000, 40_000),
        importer=(ROOT, -2),
        line=(1, 0),
        caller_line=(1, 0),
        imports=(0, 0),
    )
    pass_ = trace(
        wall_ms=41.0, loaded=loaded, gc_ms=0.0, load_ms=41.0, statements=(statement(1, 41_000),)
    )
    found = parts(file("a.py", samples=samples(50.0, load=0.82), trace=pass_))
    assert found[("unknown", "None")] == pytest.approx(40.0)
