"""A task start parses the DAG file in the parsing context of its task, without serialising."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support import TARGET, result, write

from dagprof.config.settings import Settings
from dagprof.errors import MeasurementError
from dagprof.model import FileResult, Run, StartKind
from dagprof.usecases.deployment import starts

HEAD = """
    import datetime
    import os
    from airflow import DAG
    try:
        from airflow.sdk import get_parsing_context
        from airflow.providers.standard.operators.bash import BashOperator
    except ImportError:
        from airflow.utils.dag_parsing_context import get_parsing_context
        from airflow.operators.bash import BashOperator

    only = get_parsing_context()
"""
MANY = (
    HEAD
    + """
    for number in range(9):
        dag_id = f"{name}_{{number}}"
        if {guarded} and only.dag_id is not None and only.dag_id != dag_id:
            continue
        with DAG(dag_id, schedule="@daily", start_date=datetime.datetime(2024, 1, 1)) as dag:
            BashOperator(task_id="first", bash_command="true")
            BashOperator(task_id="second", bash_command="true")
        globals()[dag_id] = dag
    if only.dag_id is not None:
        with open("{noted}", "a") as file:
            print(only.dag_id, only.task_id, file=file)
"""
)
HIDDEN = (
    HEAD
    + """
    if only.dag_id is None:
        with DAG("hidden", schedule="@daily", start_date=datetime.datetime(2024, 1, 1)):
            BashOperator(task_id="first", bash_command="true")
"""
)


def measured(folder: Path, files: Mapping[str, str], **options: Any) -> Run:
    write(folder, files)
    settings = Settings(python=TARGET, repeat=1, **options)
    return starts.measure([str(folder)], settings, os.environ)


def of(file: FileResult, kind: StartKind) -> list[tuple[str, int]]:
    return [(start.dag_id, start.dags) for start in file.starts if start.kind is kind]


def test_a_guarded_file_builds_one_dag_and_an_unguarded_one_builds_all(tmp_path: Path) -> None:
    noted = tmp_path / "noted.txt"
    files = {
        f"{name}.py": MANY.format(name=name, guarded=name == "guarded", noted=noted)
        for name in ("guarded", "unguarded")
    }
    run = measured(tmp_path / "dags", files)
    for kind in StartKind:
        assert of(result(run, "guarded.py"), kind) == [("guarded_0", 1), ("guarded_4", 1)]
        assert of(result(run, "unguarded.py"), kind) == [("unguarded_0", 9), ("unguarded_4", 9)]
    asked = set(noted.read_text().splitlines())
    assert asked == {
        f"{name}_{number} first" for name in ("guarded", "unguarded") for number in (0, 4)
    }
    for file in run.files:
        for start in file.starts:
            assert start.problem == ""
            assert (start.own_ms > 0, start.parses) == (True, 1)
            is_new = start.kind is StartKind.NEW_INTERPRETER
            assert (start.airflow_ms > 100) is is_new
            assert start.own_ms >= start.airflow_ms
        assert len(file.dag_ids) == len(file.schedules) == 9


def test_a_dag_that_the_guard_hides_is_a_problem(tmp_path: Path) -> None:
    run = measured(tmp_path / "dags", {"hidden.py": HIDDEN})
    problems = {start.problem for start in result(run, "hidden.py").starts}
    assert problems == {
        "the file does not create the DAG when Airflow parses the file for a task of this DAG"
    }


def test_a_folder_without_tasks_names_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="dagprof scan"):
        measured(tmp_path / "dags", {"broken.py": "from airflow import DAG\nraise ValueError\n"})
