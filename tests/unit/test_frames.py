from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from dagprof.analyse import frames
from dagprof.analyse.fleet import Fleet
from dagprof.errors import UsageError
from dagprof.model import Edge, Failure, Module, Origin, Run
from unit.builders import HELPED, access, file, loads, run, samples, statement, trace

TABLES = Path(__file__).parents[2] / "docs" / "tables.md"
ALL = [
    frames.files_frame,
    frames.loads_frame,
    frames.edges_frame,
    frames.imports_frame,
    frames.statements_frame,
    frames.accesses_frame,
    frames.failures_frame,
    frames.samples_frame,
    frames.effects_frame,
    frames.experiments_frame,
    frames.savings_frame,
    frames.changes_frame,
    frames.plan_frame,
    frames.instabilities_frame,
]


@pytest.fixture
def two_files() -> Run:
    statements = [
        statement(1, 80_000, 80_000, kind="import"),
        statement(5, 10_000, 2_000, kind="with"),
        statement(6, 9_000, 1_500, parent=1),
        statement(9, 5_000, 5_000, kind="for", is_cut=True),
        statement(10, 100, 100, parent=3),
    ]
    failure = Failure(
        type="KeyError", message="'x'", cause="OSError: gone", file="/dags/a.py", line=3
    )
    asks = access("k", line=2)
    return run(
        file(
            "a.py",
            100,
            110,
            120,
            trace=trace(110, HELPED, statements),
            failures=(failure,),
            accesses=(asks,),
        ),
        file("b.py", 200, 200, 230, trace=trace(200, HELPED)),
    )


@pytest.mark.parametrize("frame", ALL, ids=lambda frame: frame.__name__)
def test_columns_do_not_depend_on_the_run(frame: object, two_files: Run) -> None:
    empty = frame(run(modules=()))  # type: ignore[operator]
    assert len(empty) == 0
    full = frame(two_files)  # type: ignore[operator]
    assert list(empty.dtypes.astype(str).items()) == list(full.dtypes.astype(str).items())


@pytest.mark.parametrize("frame", ALL, ids=lambda frame: frame.__name__)
def test_the_page_about_tables_lists_their_columns(frame: object) -> None:
    documented = re.findall(
        r"^\| `(\w+)\(.*\)` \|.*\| ([^|]+) \|$", TABLES.read_text(encoding="utf-8"), re.MULTILINE
    )
    columns = list(frame(run(modules=())).columns)  # type: ignore[operator]
    assert dict(documented)[frame.__name__] == ", ".join(columns)  # type: ignore[attr-defined]


def test_files_are_ranked_by_their_median(two_files: Run) -> None:
    frame = frames.files_frame(two_files).set_index("path")
    assert list(frame.index) == ["b.py", "a.py"]
    row = frame.loc["a.py"]
    assert (row["parse_ms"], row["spread_ms"], row["samples"]) == (110, 10, 3)
    assert row["load_ms"] == pytest.approx(88)
    assert row["imports_ms"] == pytest.approx(81.5)
    assert row["top_level_ms"] == pytest.approx(6.5)
    assert row["imports_ms"] + row["top_level_ms"] + row["bag_ms"] + row[
        "serialise_ms"
    ] == pytest.approx(110)
    assert row["waiting_ms"] == pytest.approx(11)
    assert row["import_timeout_share"] == pytest.approx(88 / 30_000)


def test_imports_are_never_counted_twice() -> None:
    twice = run(
        *(file(path, 110, trace=trace(110, HELPED, gc_ms=0.0)) for path in ("a.py", "b.py"))
    )
    by_package = frames.imports_frame(twice, by="package").set_index("name")
    assert by_package.loc["pandas", "cumulative_ms"] == 160
    assert by_package.loc["pandas", "self_ms"] == 100
    assert by_package.loc["pandas", "files"] == 2
    assert by_package.loc["numpy", "cumulative_ms"] == 60
    assert by_package.loc["common", "cumulative_ms"] == 162
    by_module = frames.imports_frame(twice, by="module").set_index("name")
    assert by_module.loc["pandas", "self_ms"] == 40
    assert by_module.loc["pandas.core", "cumulative_ms"] == 60
    by_distribution = frames.imports_frame(twice, by="distribution").set_index("name")
    assert "standard library" in by_distribution.index
    assert by_distribution["self_ms"].sum() == pytest.approx(2 * 81.5)


def test_imports_take_what_they_take_of_a_plain_parse() -> None:
    slowed_down = run(file("a.py", 100, trace=trace(200, HELPED, gc_ms=0.0)))
    row = frames.imports_frame(slowed_down).set_index("name").loc["pandas"]
    assert (row["cumulative_ms"], row["self_ms"], row["largest_ms"]) == (40, 25, 40)
    alone = frames.savings_frame(slowed_down, by="package").set_index("name")["alone_ms"]
    assert alone["pandas"] == pytest.approx(row["cumulative_ms"])


def test_other_groupings_are_refused(two_files: Run) -> None:
    for frame in (frames.imports_frame, frames.savings_frame):
        with pytest.raises(
            UsageError, match=r"Unknown grouping 'pkg'\. Choose from module, package, distribution"
        ):
            frame(two_files, by="pkg")  # type: ignore[arg-type]


def test_a_helper_gives_back_what_it_loads_however_short_it_is() -> None:
    short = loads((0, -1, 200, 80_200, -1, 4), (1, 0, 80_000, 80_000, 0, 1))
    alone = frames.savings_frame(
        run(file("a.py", 100, trace=trace(100, short, gc_ms=0.0))), by="package"
    )
    assert dict(zip(alone["name"], alone["alone_ms"], strict=True)) == pytest.approx(
        {"common": 80.2, "pandas": 80}
    )


def test_nothing_gives_back_the_wait_for_a_processor() -> None:
    """All of the parse that computed went into pandas, and half of the time it waited."""
    waited = msgspec.structs.replace(samples(200), cpu_ms=(100.0,), queued_ms=(100.0,))
    whole = loads((1, -1, 100_000, 100_000, -1, 4))
    busy = run(file("a.py", samples=waited, trace=trace(100, whole, gc_ms=0.0)))
    assert frames.savings_frame(busy, by="package")["alone_ms"].tolist() == [pytest.approx(100)]
    assert Fleet(busy).plan().before_ms == 100


def test_loads_name_their_importer(two_files: Run) -> None:
    frame = frames.loads_frame(two_files)
    mine = frame[frame["path"] == "a.py"].set_index("module")
    assert (mine.loc["common.frames", "importer_file"], mine.loc["common.frames", "line"]) == (
        "a.py",
        4,
    )
    assert (mine.loc["numpy", "importer"], mine.loc["numpy", "depth"]) == ("pandas", 2)
    assert mine.loc["pandas", "version"] == "2.2.3"


def test_statements_own_their_time_without_what_is_nested(two_files: Run) -> None:
    frame = frames.statements_frame(two_files).set_index("line")
    assert frame.loc[5, "self_ms"] == 1.0
    assert frame.loc[5, "waiting_ms"] == pytest.approx(0.5)
    assert frame.loc[6, "depth"] == 1
    assert frame.loc[1, "imports_ms"] == 0.0
    assert frame.loc[10, "is_partial"]
    assert not frame.loc[9, "is_partial"]


def test_a_file_without_a_trace_is_all_top_level() -> None:
    frame = frames.files_frame(run(file("a.py", 100)))
    assert frame.loc[0, "top_level_ms"] == pytest.approx(80)
    assert frame.loc[0, "imports_ms"] == 0


def test_collection_is_neither_an_import_nor_a_statement() -> None:
    """100 ms of imports and 40 ms of collection, traced in 160 ms; uninstrumented, the load
    stage took 160 of 200 ms.
    """
    traced = trace(
        160, loads((1, -1, 100_000, 100_000, -1, 1)), [statement(1, 100_000)], gc_ms=40.0
    )
    row = frames.files_frame(run(file("a.py", 200, trace=traced))).loc[0]
    assert row["imports_ms"] == pytest.approx(125)
    assert row["gc_ms"] == pytest.approx(35)  # 50, but no more is left of the load stage
    assert row["top_level_ms"] == pytest.approx(0)


def test_collection_after_the_load_stage_takes_nothing_from_the_statements() -> None:
    traced = trace(200, statements=[statement(1, 150_000)], gc_ms=60.0)
    row = frames.files_frame(run(file("a.py", 200, trace=traced))).loc[0]
    assert row["load_ms"] == pytest.approx(160)
    assert row["gc_ms"] == pytest.approx(10)
    assert row["top_level_ms"] == pytest.approx(150)


def test_edges_name_both_ends() -> None:
    modules = (
        Module(name="helpers", file="/dags/helpers.py", origin=Origin.USER),
        Module(name="airflow.providers.ssh.hooks", origin=Origin.DISTRIBUTION, distribution="ssh"),
    )
    own = msgspec.structs.replace(loads((0, -1, 5, 9, -1, 1)), imports=(1,))
    traced = trace(10, own, edges=(Edge(1, 0),))
    sets = ((), (Edge(3, 1, True, is_conditional=True),))
    rows = frames.records(
        frames.edges_frame(run(file("a.py", 10, trace=traced), modules=modules, import_sets=sets))
    )
    assert [tuple(row.values()) for row in rows] == [
        ("", "a.py", 1, "helpers", "helpers", "", False, False),
        (
            "helpers",
            "/dags/helpers.py",
            3,
            "airflow.providers.ssh.hooks",
            "airflow.providers.ssh",
            "ssh",
            True,
            True,
        ),
    ]
