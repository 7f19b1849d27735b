"""Hostile DAG files of every family, in one folder with two clean ones.

``bench/behaviours.py`` scans the whole corpus, alone and together; these are a few of it, which
other tests do not have.
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from hostile import CLEAN, CLEAN_TASKS, Behaviour, behaviour, clean_files
from support import TARGET, result

import dagprof
from dagprof.model import Run, Status

NAMES = (
    "exit_in_finaliser",
    "close_others",
    "terminal_escapes",
    "sigalrm_itself",
    "named_like_memory_error",
    "original_exits",
    "cause_cycle",
    "module_raises",
    "os_gone",
    "scratch_filled",
    "limit_nofile",
    "group_of_itself",
    "field_exits",
    "key_odd",
    "name_line_ends",
    "text_function_in_traceback",
    "source_many_lines",
    "frame_negative",
)


class Scanned(NamedTuple):
    """The folders around a scan, its Run, the major version of its Airflow, and what was and is in them."""

    top: Path
    run: Run
    airflow: int
    before: dict[str, str]
    after: dict[str, str]


def _contents(top: Path) -> dict[str, str]:
    return {
        str(path.relative_to(top)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in top.rglob("*")
        if path.is_file()
    }


def _airflow() -> int:
    code = "import importlib.metadata as m; print(m.version('apache-airflow'))"
    done = subprocess.run([TARGET, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout.split(".")[0])


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    top, airflow = tmp_path_factory.mktemp("behaviours"), _airflow()
    for name in ("dags", "tmp", "home"):
        (top / name).mkdir()
    for name, text in clean_files(airflow).items():
        (top / "dags" / name).write_text(text)
    for one in map(behaviour, NAMES):
        (top / "dags" / one.path).write_bytes(one.source(airflow))
    before = _contents(top)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(top / "tmp"))
        patch.setenv("AIRFLOW_HOME", str(top / "home"))
        patch.setattr("tempfile.tempdir", None)
        run = dagprof.scan(
            top / "dags", python=TARGET, repeat=1, depth="traced", time_limit_s=8, project=False
        )
    return Scanned(top, run, airflow, before, _contents(top))


@pytest.mark.parametrize("one", [*map(behaviour, NAMES)], ids=NAMES)
def test_status(scanned: Scanned, one: Behaviour) -> None:
    assert result(scanned.run, one.path).status in one.statuses(scanned.airflow, "fork")


@pytest.mark.parametrize("path", CLEAN)
def test_clean_files_are_right(scanned: Scanned, path: str) -> None:
    found = result(scanned.run, path)
    assert (found.status, found.dag_ids) == (Status.OK, (CLEAN[path],))
    assert found.task_count == CLEAN_TASKS
    assert not found.failures
    assert {doubt.code for doubt in found.doubts} <= {"busy", "noisy", "drift", "no-bytecode"}


def test_nothing_is_left(scanned: Scanned) -> None:
    assert scanned.after == scanned.before
    assert not list((scanned.top / "tmp").iterdir())
