"""On Airflow 2 a DAG file that asks the metadata database finds a migrated one; nobody else pays
for it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from support import Scan, dag, result

from dagprof.model import FileResult, Status

# What a fresh database of `airflow db migrate` gives to each.
QUERIES = {
    "pool": 'from airflow.models import Pool\nassert Pool.get_pool("default_pool").slots == 128',
    "sql": (
        """
from airflow.settings import Session
from sqlalchemy import text
rows = Session().execute(text("SELECT pool, slots FROM slot_pool")).fetchall()
assert [tuple(row) for row in rows] == [("default_pool", 128)], rows
"""
    ),
    "dags": (
        """
from airflow.models import DagModel
from airflow.utils.session import create_session
with create_session() as session:
    assert session.query(DagModel).count() == 0
"""
    ),
}


def is_airflow_2(run: object) -> bool:
    return str(run.environment.airflow_version).startswith("2.")  # type: ignore[attr-defined]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "dagprof"


def kinds(file: FileResult) -> set[str]:
    return {effect.kind for effect in file.effects}


@pytest.mark.parametrize("temperature", ["processor", "warm"])
def test_queries_find_what_airflow_migrates(scan: Scan, cache: Path, temperature: str) -> None:
    run = scan(
        {f"{name}.py": code + "\n" + dag(name) for name, code in QUERIES.items()},
        temperature=temperature,
    )
    if not is_airflow_2(run):
        # There the DAG processor blocks the database for its children, and so does dagprof.
        if temperature == "processor":
            assert {file.status for file in run.files} == {Status.IMPORT_ERROR}
        return
    assert {file.path: file.status for file in run.files} == {
        f"{name}.py": Status.OK for name in QUERIES
    }
    assert all("metadata-database" in kinds(file) for file in run.files)
    (kept,) = cache.iterdir()
    again = scan(
        {"pool.py": QUERIES["pool"] + "\n" + dag("pool")}, "pool.py", temperature=temperature
    )
    assert result(again, "pool.py").status is Status.OK
    assert [*cache.iterdir()] == [kept]

    kept.write_bytes(b"SQLite format 3\0 and then nothing")
    repaired = scan(
        {"sql.py": QUERIES["sql"] + "\n" + dag("sql")}, "sql.py", temperature=temperature
    )
    assert result(repaired, "sql.py").status is Status.OK
    with contextlib.closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("select count(*) from slot_pool").fetchone() == (1,)


def test_a_swallowed_query_is_answered_too(scan: Scan, cache: Path) -> None:
    code = """
try:
    from airflow.models import Pool
    names = sorted(pool.pool for pool in Pool.get_pools())
except Exception:
    names = ["none"]
print("POOLS", names)
"""
    run = scan({"a.py": code + dag("a")}, temperature="warm")
    if is_airflow_2(run):
        assert "POOLS ['default_pool']" in result(run, "a.py").stdout.text


def test_at_other_temperatures_files_that_do_not_ask_cost_nothing(scan: Scan, cache: Path) -> None:
    source = "from airflow.models import Variable\nVariable.get('a')\n" + dag("a")
    run = scan({"a.py": source}, temperature="warm")
    assert result(run, "a.py").status is Status.OK
    assert not cache.exists()


@pytest.mark.parametrize("temperature", ["processor", "warm"])
def test_a_cache_that_cannot_be_written_is_gone_without(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temperature: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    run = scan({"pool.py": QUERIES["pool"] + "\n" + dag("pool")}, temperature=temperature)
    if is_airflow_2(run):
        assert result(run, "pool.py").status is Status.OK
