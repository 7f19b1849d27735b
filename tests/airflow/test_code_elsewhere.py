"""Code whose lines are not those of a file that can be changed: executed text, and members of a
zip archive.
"""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support import TARGET, dag, write

import dagprof
from dagprof import frames
from dagprof.attribution.graph import ROOT, ImportGraph, ImportStatement
from dagprof.model import FileResult, Need, Place, Run

SLOW = "import time\ntime.sleep(0.2)\nVALUE = 1\n"
TEXT = '''"""A DAG from text (airflow)."""
import datetime
from airflow import DAG

TEMPLATE = """
import slow_{number}
with DAG("{name}", start_date=datetime.datetime(2024, 1, 1), schedule=None) as {name}:
    pass
"""
'''


def named(run: Run, file: FileResult, module: str) -> list[ImportStatement]:
    """The import statements that asked for a module, and led to its load."""
    assert file.trace is not None
    graph = ImportGraph(file.trace, run.modules, run.import_sets)
    position = next(place for place, each in enumerate(run.modules) if each.name == module)
    return graph.importers(position)


@pytest.mark.parametrize(
    ("number", "call"),
    [
        pytest.param(
            1, 'exec(TEMPLATE.format(name="from_text", number=1))\n', marks=pytest.mark.thorough
        ),
        pytest.param(
            2,
            (
                'exec(compile(TEMPLATE.format(name="from_text", number=2), "definitions/one.txt",'
                ' "exec"), globals())\n'
            ),
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            3,
            (
                'exec(TEMPLATE.format(name="from_text", number=3), {"DAG": DAG, "datetime":'
                " datetime})\n"
            ),
            marks=pytest.mark.thorough,
        ),
        (4, 'import runs\n\nruns.run(TEMPLATE.format(name="from_text", number=4), globals())\n'),
    ],
)
def test_what_executed_code_costs_belongs_to_the_line_that_executes_it(
    tmp_path: Path, number: int, call: str
) -> None:
    files = {
        "by_text.py": TEXT + call,
        f"slow_{number}.py": SLOW,
        "runs.py": "def run(text, names):\n    exec(text, names)\n",
    }
    folder = write(tmp_path, files)
    run = dagprof.scan(
        folder / "by_text.py", python=TARGET, repeat=2, depth="full", stacks_from_ms=10_000
    )
    (file,) = run.files
    line = (TEXT + call).splitlines().index(call.splitlines()[-1]) + 1
    statements = frames.statements_frame(run)
    assert statements["line"].iloc[0] == line
    assert statements["self_ms"].iloc[0] > 50
    places = {
        "runs" if each.importer != ROOT else each.line
        for each in named(run, file, f"slow_{number}")
    }
    assert places <= ({line} if number < 4 else {line, "runs"})
    assert places
    assert all(each.without[0].line not in (5, 6, 7, 8) for each in file.experiments)
    executed = [effect for effect in file.effects if effect.kind == "exec"]
    assert len(executed) == 1
    assert f"slow_{number}" in executed[0].what


def archive(folder: Path, name: str, **members: str) -> Path:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as zipped:
        for member, text in members.items():
            package, _, module = member.rpartition("__")
            if package:
                zipped.writestr(f"{package}/__init__.py", "")
            zipped.writestr(f"{package}/{module}.py" if package else f"{module}.py", text)
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data.getvalue())
    return folder


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("archives")
    archive(folder, "one.zip", main_dag=dag("one", "from lib.slow import VALUE\n"), lib__slow=SLOW)
    archive(
        folder,
        "two.zip",
        a_slow=dag("slow", "from lib2.slow import VALUE\n"),
        b_quick=dag("quick"),
        c_broken="# airflow dag\n\n1 / 0\n",
        lib2__slow=SLOW,
    )
    return dagprof.scan(folder, python=TARGET, repeat=2, stacks_from_ms=10_000)


def clocks_archives(run: Run) -> bool:
    """Whether dagprof times the statements of archives: it recognises Python's own importer of
    archives from 3.10 on.
    """
    return tuple(map(int, run.environment.python_version.split(".")[:2])) >= (3, 10)


@pytest.mark.parametrize(
    ("path", "member", "helper"),
    [("one.zip", "main_dag", "lib.slow"), ("two.zip", "a_slow", "lib2.slow")],
)
def test_the_time_of_an_archive_belongs_to_its_members(
    zipped: Run, path: str, member: str, helper: str
) -> None:
    file = next(each for each in zipped.files if each.path == path)
    imports = frames.imports_frame(zipped, by="module").set_index("name")
    assert imports["self_ms"].to_dict()[helper] > 50
    (statement,) = named(zipped, file, helper)
    assert zipped.modules[statement.importer].name == member
    assert zipped.modules[statement.importer].file.endswith(f"{path}/{member}.py")
    slow = frames.statements_frame(zipped)
    slow = slow[(slow["path"] == path) & (slow["self_ms"] > 50)]
    assert list(slow["member"]) == ([f"{member}.py"] if clocks_archives(zipped) else [])


def test_imports_in_an_archive_are_tried(zipped: Run) -> None:
    one, two = (file.experiments for file in zipped.files)
    assert two == ()  # the archive has a member that fails
    if not clocks_archives(zipped):
        assert {(each.need, each.reason) for each in one} == {
            (
                Need.UNKNOWN,
                (
                    "dagprof can remove only import statements and calls. To remove code in zip"
                    " archives, dagprof needs Python 3.10 or later"
                ),
            )
        }
        return
    (tried,) = [
        each for each in one if each.without == (Place(file="one.zip/main_dag.py", line=1),)
    ]
    assert tried.need is Need.NOT_NEEDED
    assert statistics.median(tried.saving_ms) > 50
    changes = frames.changes_frame(zipped)
    assert changes.groupby("file")["evidence"].unique().map(list).to_dict() == {
        "one.zip/main_dag.py": ["proved"],
        "one.zip/lib/slow.py": ["proved"],
        "two.zip/a_slow.py": ["estimated"],
    }


def test_a_failing_member_is_named_by_its_path_in_the_archive(zipped: Run) -> None:
    file = next(each for each in zipped.files if each.path == "two.zip")
    (failure,) = file.failures
    assert (failure.type, failure.line) == ("ZeroDivisionError", 3)
    assert failure.file.endswith(os.path.join("two.zip", "c_broken.py"))


def test_explain_shows_an_archive_by_its_members(zipped: Run, tmp_path: Path) -> None:
    folder = archive(
        tmp_path / "dags",
        "one.zip",
        main_dag=dag("one", "from lib.slow import VALUE\n"),
        lib__slow=SLOW,
    )
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "dagprof",
            "explain",
            str(folder / "one.zip"),
            "--python",
            TARGET,
            "--quiet",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "The source is not shown: the file is in an archive." in told
    assert "lib.slow  (one.zip/main_dag.py:1)" in told
    assert "main_dag.py:1\n" in told or not clocks_archives(zipped)
    assert ("ms  one.zip/main_dag.py:1  proved" in told) == clocks_archives(zipped)
