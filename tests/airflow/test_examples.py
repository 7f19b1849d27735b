"""The DAG files that ship with the project behave as their docstrings say, on each Airflow."""

from __future__ import annotations

import importlib.util
import subprocess

import pytest
from support import EXAMPLES, TARGET, result

import dagprof
from dagprof.analyse.frames import loads_frame, records, statements_frame
from dagprof.model import Run, Status

PARSE = {
    "big_file_at_top.py": (1, 1),
    "clean_taskflow.py": (1, 2),
    "connection_at_top.py": (1, 1),
    "from_yaml.py": (3, 9),
    "imports_in_places.py": (1, 1),
    "many_from_a_loop.py": (200, 200),
    "network_at_top.py": (1, 2),
    "now_in_arguments.py": (1, 1),
    "packaged_dag.zip": (1, 2),
    "slow_loop_at_top.py": (1, 1),
    "subprocess_at_top.py": (1, 1),
    "variable_at_top.py": (1, 1),
}
NEED_PANDAS = {
    "heavy_import_in_task.py": (1, 1),
    "heavy_import_needed.py": (1, 4),
    "shared_helper_returns.py": (1, 1),
    "shared_helper_sales.py": (1, 1),
}
FAIL = {"import_error.py": ("ModuleNotFoundError", 4), "syntax_error.py": ("SyntaxError", None)}


@pytest.fixture(scope="module")
def run() -> Run:
    return dagprof.scan(EXAMPLES, python=TARGET, repeat=1, stacks_from_ms=None)


@pytest.fixture(scope="module")
def has_pandas() -> bool:
    return (
        subprocess.run([TARGET, "-c", "import pandas"], capture_output=True, check=False).returncode
        == 0
    )


def test_the_files_found(run: Run) -> None:
    assert {file.path for file in run.files} == {*PARSE, *NEED_PANDAS, *FAIL}
    assert ("scratch/draft.py", "ignored") in {(file.path, file.reason) for file in run.skipped}


@pytest.mark.parametrize("path", PARSE)
def test_they_parse(run: Run, path: str) -> None:
    file = result(run, path)
    assert (file.status, len(file.dag_ids), file.task_count) == (
        Status.OK,
        *PARSE[path],
    ), file.failures


@pytest.mark.parametrize("path", NEED_PANDAS)
def test_they_parse_where_pandas_is(run: Run, path: str, has_pandas: bool) -> None:
    file = result(run, path)
    if not has_pandas:
        assert "No module named 'pandas'" in file.failures[0].message
        return
    assert (file.status, len(file.dag_ids), file.task_count) == (
        Status.OK,
        *NEED_PANDAS[path],
    ), file.failures
    mine = {row["module"]: row for row in records(loads_frame(run)) if row["path"] == path}
    assert mine["pandas"]["cumulative_ms"] > 50
    assert mine["pandas"]["importer"] == ("common.frames" if path.startswith("shared") else "")


@pytest.mark.parametrize("path", FAIL)
def test_they_fail_as_they_should(run: Run, path: str) -> None:
    file = result(run, path)
    kind, line = FAIL[path]
    assert (file.status, file.failures[0].type) == (Status.IMPORT_ERROR, kind)
    if line:
        assert file.failures[0].line == line


def test_what_the_statements_say(run: Run) -> None:
    slowest = next(
        row for row in records(statements_frame(run)) if row["path"] == "slow_loop_at_top.py"
    )
    assert slowest["kind"] == "while"
    assert slowest["self_ms"] > 50
    trace = result(run, "subprocess_at_top.py").trace
    assert trace is not None
    assert result(run, "subprocess_at_top.py").samples.children_cpu_ms[0] > 0
    assert {a.key for a in result(run, "variable_at_top.py").accesses} == {
        "export_bucket",
        "export_settings",
    }
    assert {a.key for a in result(run, "connection_at_top.py").accesses} == {"warehouse"}


def test_the_archive_is_built_from_its_sources() -> None:
    before = (EXAMPLES / "packaged_dag.zip").read_bytes()
    spec = importlib.util.spec_from_file_location(
        "build", EXAMPLES.parent / "packaged" / "build.py"
    )
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert (EXAMPLES / "packaged_dag.zip").read_bytes() == before
