"""The parse times of a deployment: reading, matching, comparing, and texts."""

from __future__ import annotations

import contextlib
import io
import json
import math
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from dagprof.analyse.production import Cause, ComparedProduction, compare
from dagprof.analyse.production.matching import matches
from dagprof.errors import RunFileError, UsageError
from dagprof.model import (
    Access,
    Effect,
    LookupPrices,
    Price,
    PriceSource,
    Production,
    ProductionFile,
    ProductionSource,
    Run,
    SkippedFile,
    SkipReason,
    Status,
)
from dagprof.production import sqlite
from dagprof.production.place import TOKEN, place, without_place, without_token
from dagprof.production.rows import production
from dagprof.production.tables import Table, of_tables
from dagprof.report import html
from dagprof.report import production as texts
from dagprof.report.text import production as terminal
from dagprof.store import runs
from dagprof.usecases.merge import merge
from unit.builders import file, run

PLACE = place("http://airflow.example:8080/", {})


def there(path: str, ms: float | None = 100.0, **changes: Any) -> ProductionFile:
    return ProductionFile(path=path, parse_ms=ms, **changes)


def deployment(*files: ProductionFile, **changes: Any) -> Production:
    values: dict[str, Any] = {
        "source": ProductionSource.DATABASE,
        "place": "postgresql://db/airflow",
        "has_durations": True,
        "files": files,
    }
    return Production(**{**values, **changes})


def compared(of: Run) -> ComparedProduction:
    found = compare(of)
    assert found is not None
    return found


def causes(of: Run, path: str) -> list[Cause]:
    return next(
        [reason.cause for reason in row.reasons] for row in compared(of).rows if row.path == path
    )


def matched(there_paths: list[str], root: str, here: list[str], bundle: str = "") -> dict[str, str]:
    files = [there(path, bundle=bundle) for path in there_paths]
    return {there_paths[n]: path for n, path in matches(files, root, here).items()}


@pytest.mark.parametrize(
    ("there_paths", "root", "here", "expected"),
    [
        (["a.py", "team/b.py"], "/repo/dags", ["a.py", "team/b.py"], "all"),
        (["/opt/airflow/dags/a.py", "/opt/airflow/dags/b.py"], "/repo/src", ["a.py", "b.py"], "ends"),
        (["dags/a.py", "dags/b.py"], "/repo/dags", ["a.py", "b.py"], "ends"),
        (["team/a.py"], "/repo/dags/team", ["a.py", "other/a.py"], "ends"),
        (["/opt/dags/a.py"], "/repo/dags", ["x/a.py", "y/a.py"], "none"),
        (["etl.py", "x.py", "y.py"], "/repo/dags", ["other/etl.py", "z.py"], "none"),
        (["__init__.py"], "/r", [f"{n}/__init__.py" for n in range(50)], "none"),
    ],
)  # fmt: skip
def test_paths_of_production_find_their_scanned_files(
    there_paths: list[str], root: str, here: list[str], expected: str
) -> None:
    found = matched(there_paths, root, here)
    if expected == "none":
        assert found == {}
    elif expected == "all":
        assert found == {path: path for path in there_paths}
    else:
        assert found == {path: path.rsplit("/", 1)[1] for path in there_paths}


def test_a_file_with_the_same_name_in_another_folder_does_not_match() -> None:
    found = matched(
        ["/opt/dags/a.py", "/opt/dags/b.py", "/opt/dags/c/d.py"],
        "/r/dags",
        ["a.py", "b.py", "d.py"],
    )
    assert found == {"/opt/dags/a.py": "a.py", "/opt/dags/b.py": "b.py"}


def test_each_scanned_file_belongs_to_one_bundle() -> None:
    files = [there(path, bundle="main") for path in ("a.py", "b.py")]
    files += [there(path, bundle="other") for path in ("a.py", "c.py", "e.py")]
    assert matches(files, "/dags", ["a.py", "b.py"]) == {0: "a.py", 1: "b.py"}


def test_ten_thousand_files_with_one_name_match_in_a_few_seconds() -> None:
    paths = [f"team{n}/dag.py" for n in range(10_000)]
    assert len(matched(paths, "/repo/dags", paths)) == 10_000


def test_the_latest_dag_of_a_file_counts_and_stale_dags_do_not() -> None:
    rows: list[dict[str, Any]] = [
        {"relative_fileloc": "a.py", "last_parsed_time": "2026-01-01", "last_parse_duration": 1.0},
        {"relative_fileloc": "a.py", "last_parsed_time": "2026-01-02", "last_parse_duration": 2.0},
        {"relative_fileloc": "b.py", "last_parse_duration": 3.0, "is_stale": 1},
        {"fileloc": "/dags/c.py", "is_active": 0},
        {"fileloc": "/dags/x.zip/inside/d.py", "is_active": 1},
    ]
    found = production(PLACE, ProductionSource.REST, rows, [], has_durations=True)
    assert [(each.path, each.parse_ms, each.dags) for each in found.files] == [
        ("a.py", 2000.0, 2),
        ("/dags/x.zip", None, 1),
    ]


@pytest.mark.parametrize(
    "duration", [-1, -0.001, math.nan, math.inf, 1e300, "1.5", True, [1], {"a": 1}]
)
def test_an_impossible_duration_is_counted_and_left_out(duration: object) -> None:
    rows = [{"fileloc": "/dags/a.py", "last_parse_duration": duration}]
    found = production(PLACE, ProductionSource.REST, rows, [], has_durations=True)
    assert (found.files, found.invalid) == ((), 1)


@pytest.mark.parametrize("path", ["", None, 7, "a" * 5000, "a\0.py", ["a.py"]])
def test_an_impossible_path_is_counted_and_left_out(path: object) -> None:
    rows = [{"fileloc": path, "last_parse_duration": 1.0}]
    errors = [{"filename": path, "stacktrace": "x"}]
    found = production(PLACE, ProductionSource.REST, rows, errors, has_durations=True)
    assert (found.files, found.invalid) == ((), 2)


def test_an_import_error_keeps_its_last_line_without_secrets() -> None:
    trace = "Traceback\n  File x\nValueError: password=hunter2secretXq9 refused\n"
    found = production(
        PLACE,
        ProductionSource.DATABASE,
        [],
        [{"filename": "a.py", "stacktrace": trace}, {"filename": "b.py", "stacktrace": "x" * 30_000}],
        has_durations=False,
    )  # fmt: skip
    assert found.files[0].error.startswith("ValueError: password=")
    assert "hunter2" not in found.files[0].error
    assert found.files[1].error == "import error"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://airflow.example/base/api/v2/", "http://airflow.example/base"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
        ("postgresql+psycopg2://me:s3cr%40t@db:5432/airflow?sslpassword=x", None),
    ],
)
def test_a_place_shows_neither_user_nor_password(value: str, shown: str | None) -> None:
    found = place(value, {TOKEN: "abc.def"})
    assert found.shown == (shown or "postgresql+psycopg2://db:5432/airflow")
    for secret in ("s3cr%40t", "s3cr@t", "abc.def"):
        if shown is None or secret == "abc.def":
            assert secret not in found.shown
    if shown is None:
        assert found.redact('FATAL: "s3cr@t" and s3cr%40t') == 'FATAL: "***" and ***'
    else:
        assert "abc.def" not in found.redact("the header abc.def is wrong")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("http://me:s3cret@airflow.example", "contains a user name or a password"),
        ("gone.db", "but 'gone.db' is neither"),
        ("env:NOT_SET", "is not set"),
        ("http://[bad", "is invalid"),
        ("http://h:99999", "is invalid"),
        ("http://", "contains no host name"),
    ],
)
def test_a_wrong_place_is_one_sentence_without_its_password(value: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as caught:
        place(value, {})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "password", ["2024#secret", "2024/secret", "pa/ss:word", "q?a=secret", "se cret", "%73ecret"]
)
def test_a_password_may_contain_what_a_url_separates(password: str) -> None:
    found = place(f"postgresql+psycopg2://svc.user:{password}@db:5432/airflow", {})
    assert found.shown == "postgresql+psycopg2://db:5432/airflow"
    assert password not in found.redact(f"cannot connect with {password} to db")


def test_the_value_of_a_variable_stays_out_of_messages() -> None:
    with pytest.raises(UsageError) as caught:
        place("env:WHERE", {"WHERE": "airflow:secret@db/airflow"})
    assert "secret" not in str(caught.value)
    assert without_place({"WHERE": "x", "HOME": "/"}, "env:WHERE") == {"HOME": "/"}


def test_an_endless_view_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "airflow.db"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "CREATE VIEW dag AS WITH RECURSIVE n(fileloc) AS (SELECT '/a.py' UNION ALL SELECT"
            " fileloc FROM n) SELECT fileloc FROM n"
        )
    monkeypatch.setattr(sqlite, "_MOST_ROWS", 1000)
    with pytest.raises(UsageError, match="more than 1,000 rows"):
        sqlite.read(str(database))
    monkeypatch.setattr(sqlite, "_MOST_ROWS", 10**9)
    monkeypatch.setattr(sqlite, "_LIMIT_S", 0.1)
    with pytest.raises(UsageError, match="interrupted"):
        sqlite.read(str(database))


def test_a_token_with_a_line_break_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError, match="character that is not allowed in a token") as caught:
        place("http://h", {TOKEN: "abc\r\nX-Other: 1"})
    assert "X-Other" not in str(caught.value)


def test_a_variable_can_hold_the_place_and_no_dag_file_sees_the_token() -> None:
    environment = {"WHERE": "http://h/x", TOKEN: "abc"}
    assert place("env:WHERE", environment).address == "http://h/x"
    assert without_token(environment) == {"WHERE": "http://h/x"}


def test_reading_a_database_leaves_no_file(tmp_path: Path) -> None:
    database = tmp_path / "a folder?" / "airflow.db"
    database.parent.mkdir()
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE dag (dag_id, fileloc, last_parse_duration)")
    connection.execute("INSERT INTO dag VALUES ('a', '/dags/a.py', 0.25)")
    connection.commit()
    connection.close()
    before = database.read_bytes()
    found = of_tables(place(str(database), {}), sqlite.read(str(database)))
    assert found.files == (ProductionFile(path="/dags/a.py", parse_ms=250.0, dags=1),)
    assert [each.name for each in database.parent.iterdir()] == ["airflow.db"]
    assert database.read_bytes() == before


def test_a_database_without_the_table_is_not_an_airflow() -> None:
    with pytest.raises(UsageError, match="not an Airflow metadata database"):
        of_tables(PLACE, {"other": Table(["fileloc"], [])})


def test_an_airflow_without_durations_names_the_metric() -> None:
    tables = {"dag": Table(["fileloc", "is_active"], [["/opt/a.py", 1]])}
    found = of_tables(PLACE, tables)
    assert not found.has_durations
    text = shown(run(file("a.py", 100.0), production=found))
    assert "no parse durations" in text
    assert "dag_processing.last_duration" in text
    assert "1 of the 1 file" in text


def shown(of: Run) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    terminal.render(of, console)
    stream = console.file
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def test_the_slowest_files_of_production_come_first_and_the_matched_part_is_named() -> None:
    ours = deployment(there("a.py", 100.0), there("b.py", 300.0), there("gone.py", 600.0))
    of = run(file("a.py", 90.0), file("b.py", 280.0), file("new.py", 50.0), production=ours)
    assert [row.path for row in compared(of).rows] == ["gone.py", "b.py", "a.py"]
    text = shown(of)
    assert "2 of the 3 files" in text
    assert "40% of production's total parse time of 1.00 s" in text
    assert "1 scanned file" in text
    assert causes(of, "gone.py") == [Cause.NOT_SCANNED]
    assert causes(of, "a.py") == []


def test_a_slow_machine_explains_all_files_at_once() -> None:
    files = [file(f"f{n}.py", 100.0 * (n + 2)) for n in range(6)]
    ours = [there(each.path, 2 * (each.own_ms + 24)) for each in files]
    of = run(*files, production=deployment(*ours))
    speed = compared(of).speed
    assert speed is not None
    assert speed.factor == pytest.approx(2.0, rel=0.1)
    assert all(causes(of, each.path) == [Cause.MACHINE] for each in files)
    assert "slower or busier" in shown(of)


def test_one_slow_file_is_not_the_machine() -> None:
    wait = Effect(kind="http", what="api.example", file="f0.py", line=3, wall_us=12_000)
    files = [file("f0.py", 200.0, effects=(wait,))]
    files += [file(f"f{n}.py", 200.0) for n in range(1, 8)]
    ours = [there("f0.py", 5000.0), *(there(f"f{n}.py", 224.0) for n in range(1, 8))]
    of = run(*files, production=deployment(*ours))
    assert causes(of, "f0.py") == [Cause.WAITS]
    assert causes(of, "f1.py") == []
    text = shown(of)
    assert "sends a request to api.example (12 ms here)" in text
    assert "slower or busier" not in text


def test_reasons_need_evidence() -> None:
    lookup = Access(
        kind="variable", key="k", operation="get", answered_by="stub", file="s.py", line=1
    )
    prices = LookupPrices(
        source=PriceSource.GIVEN,
        variable=Price(first_ms=400, next_ms=400),
        connection=Price(first_ms=0, next_ms=0),
    )
    files = (
        file("s.py", 100.0, accesses=(lookup,)),
        file("broken.py", 10.0, status=Status.IMPORT_ERROR),
        file("plain.py", 100.0),
        file("fast.py", 900.0),
    )
    ours = deployment(
        there("s.py", 3000.0),
        there("broken.py", 500.0),
        there("plain.py", 2000.0),
        there("fast.py", 100.0),
        there("skip.py", 50.0),
        there("bad.py", None, error="ValueError: x"),
    )
    skipped = (SkippedFile(path="skip.py", reason=SkipReason.IGNORED),)
    of = run(*files, production=ours, skipped=skipped)
    assert causes(of, "s.py") == [Cause.STUBS, Cause.SLOW_LOOKUPS]
    assert causes(of, "broken.py") == [Cause.FAILED_HERE]
    assert causes(of, "plain.py") == [Cause.UNKNOWN]
    assert causes(of, "fast.py") == [Cause.UNKNOWN]
    assert causes(of, "skip.py") == [Cause.SKIPPED]
    assert causes(of, "bad.py") == [Cause.FAILED_THERE, Cause.NOT_SCANNED]
    priced = msgspec.structs.replace(
        of,
        lookup_prices=prices,
        production=deployment(there("s.py", 520.0)),
    )
    assert causes(priced, "s.py") == [Cause.LOOKUPS]


def test_hostile_paths_and_errors_are_escaped() -> None:
    evil = "\x1b[31m\u202e<script>alert(1)</script>::error::x\ud800"
    ours = deployment(
        there(f"{evil}.py", 900.0, bundle=evil), there(f"{evil}2.py", 800.0, error=evil), place=evil
    )
    of = run(file(f"{evil}2.py", 100.0), production=ours)
    for text in (shown(of), html.render(of)):
        for bad in ("\x1b", "\u202e", "\ud800"):
            assert bad not in text
    assert "<script>alert" not in html.render(of)
    assert "::error::" not in shown(of)


def test_the_page_has_a_section_only_with_figures_of_production() -> None:
    failing = there("b.py", None, error="ValueError: only there")
    of = run(file("a.py", 100.0), production=deployment(there("a.py", 900.0), failing))
    assert 'id="production"' in html.render(of)
    assert "ValueError: only there" in html.render(of)
    assert 'id="production"' not in html.render(run(file("a.py", 100.0)))


def test_a_run_keeps_the_figures_and_older_runs_stay_readable() -> None:
    of = run(file("a.py", 100.0), production=deployment(there("a.py", 900.0, error="x")))
    document = json.loads(msgspec.json.encode(of))
    assert runs.decode(json.dumps(document).encode(), "x") == of
    del document["production"]
    assert runs.decode(json.dumps(document).encode(), "x").production is None


@pytest.mark.parametrize("ms", [-1, "100", 1e30, True, []])
def test_a_run_with_an_impossible_time_of_production_is_damaged(ms: object) -> None:
    document = json.loads(
        msgspec.json.encode(run(file("a.py", 100.0), production=deployment(there("a.py"))))
    )
    document["production"]["files"][0]["parse_ms"] = ms
    with pytest.raises(RunFileError, match="damaged"):
        runs.decode(json.dumps(document).encode(), "x")


def test_merged_shards_keep_the_figures() -> None:
    ours = deployment(there("a.py"))
    parts = {
        "1": run(file("a.py", 100.0), production=ours),
        "2": run(file("b.py", 100.0), production=ours),
    }
    for number, part in enumerate(list(parts.values()), start=1):
        changed = {**part.settings, "shard": f"{number}/2", "split": "x"}
        parts[str(number)] = msgspec.structs.replace(part, settings=changed)
    assert merge(parts).production == ours


def test_production_without_files_says_so() -> None:
    of = run(file("a.py", 100.0), production=deployment())
    assert texts.sentences(deployment(), compared(of)) == ["Production reports no DAG files."]
    assert "no parse times" in shown(of)
