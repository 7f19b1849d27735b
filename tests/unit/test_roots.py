"""A part of a DAG folder that was scanned as the whole is noticed by what its files cannot
import.
"""

from __future__ import annotations

from pathlib import Path

from dagprof.measure.roots import doubts
from dagprof.model import Failure, FileResult, Status


def failing(name: str, module: str) -> FileResult:
    failure = Failure(type="ModuleNotFoundError", message=f"No module named '{module}'")
    return FileResult(path=name, status=Status.IMPORT_ERROR, failures=(failure,))


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x = 1\n")
    return folder


def test_a_module_in_the_dag_folder_above(tmp_path: Path) -> None:
    dags = made(tmp_path / "dags", "common/names.py", "shared.py", "team/sub/a.py")
    files = [
        failing("a.py", "common.names"),
        failing("b.py", "shared"),
        failing("c.py", "shared"),
        failing("d.py", "pandas"),
    ]
    (doubt,) = doubts(files, dags / "team" / "sub")
    assert doubt.text.startswith(
        f"2 files cannot import common, shared from {dags}, because {dags} is above"
    )
    assert doubt.text.endswith(f"add --bundle-root {dags}.")


def test_a_folder_above_that_is_no_dag_folder_is_not_proposed(tmp_path: Path) -> None:
    made(tmp_path / "project", "operators/a.py", "dags/a.py")
    assert doubts([failing("a.py", "operators.a")], tmp_path / "project" / "dags") == []
    (tmp_path / "project" / "main.py").write_text("from airflow import DAG\n")
    assert len(doubts([failing("a.py", "operators.a")], tmp_path / "project" / "dags")) == 1


def test_nothing_is_said_where_nothing_is_missing(tmp_path: Path) -> None:
    assert doubts([FileResult(path="a.py", status=Status.OK)], tmp_path) == []
