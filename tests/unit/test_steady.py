"""Names that differ from parse to parse are shown alike, and what only looks like one is kept."""

from __future__ import annotations

import os
import tempfile
import uuid

import pytest

from dagprof.probe.watch.steady import steady

PID = "PID"  # replaces the number of this process: names of tests must be the same in every process


@pytest.fixture(autouse=True)
def large_process_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers below 1000 are no process's for ``steady``, and in a new container this process
    has one of these.
    """
    monkeypatch.setattr(os, "getpid", lambda: 54_321)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("git clone x /tmp/tmpab12cd_x/y", "git clone x /tmp/tmp*/y"),
        ("run --out=/tmp/tmpab12cdef.json", "run --out=/tmp/tmp*.json"),
        ("run '/var/tmp/tmpab12cdef'", "run '/var/tmp/tmp*'"),
        ("cat /tmp/tmp.a1B2c3D4e5", "cat /tmp/tmp*"),
        ("cat /tmp/dbt_ab12cd34.sql", "cat /tmp/dbt_*.sql"),
        (f"run {uuid.UUID(int=7 << 90, version=4)} x", "run <uuid> x"),
        (f"run {uuid.UUID(int=7 << 90, version=4).hex}", "run <uuid>"),
        ("run <f at 0x7f12ab34cd56>", "run <f at 0x*>"),
        ("kill -0 PID", "kill -0 <pid>"),
        ("cat /tmp/app-PID.sock", "cat /tmp/app-<pid>.sock"),
    ],
)
def test_a_name_of_one_process_is_shown_alike(text: str, shown: str) -> None:
    assert steady(text.replace(PID, str(os.getpid()))) == shown


@pytest.mark.parametrize(
    "text",
    [
        "cat /tmp/report_2024.csv",
        "cat /tmp/daily_sales_report",
        "cat /tmp/tmpl_daily",
        "cat /data/tmp_orders1",
        "cat dags/tmp/tmpab12cdef",
        "md5 d41d8cd98f00b204e9800998ecf8427e",
        "git show 27d0fb03c41d4a5f8a1e9b1f3d2c4b5a69788796",
        "mask 0xff00ff00",
        "serve --port 8080",
        "aPIDb",
        "1234-5678",
        "cd /tmp && ls",
    ],
)
def test_what_looks_alike_stays(text: str) -> None:
    text = text.replace(PID, str(os.getpid()))
    assert steady(text) == text


def test_names_that_the_standard_library_makes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    for _ in range(20):
        assert steady(tempfile.mkdtemp() + "/x") == f"{tmp_path}/tmp*/x"
        handle, name = tempfile.mkstemp(suffix=".sql")
        os.close(handle)
        assert steady(f"run {name}") == f"run {tmp_path}/tmp*.sql"
