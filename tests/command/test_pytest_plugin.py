"""``pytest --dagprof``: DAG files as tests, in a real pytest with a real Airflow."""

from __future__ import annotations

import importlib.metadata
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from ci_logs import commands, raw_controls
from support import TARGET, dag, write

pytest_plugins = ["pytester"]

SLOW = "import time\ntime.sleep({seconds})\n"
# If the source tree was not installed again, pytest does not know the entry point yet.
IS_INSTALLED = any(
    point.name == "dagprof" for point in importlib.metadata.entry_points(group="pytest11")
)
PLUGIN = () if IS_INSTALLED else ("-p", "dagprof.pytest_plugin")


@pytest.fixture
def place(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with two DAG files, one that Airflow ignores, and an ordinary test."""
    monkeypatch.setenv("TMPDIR", str(pytester.mkdir("scratch")))
    monkeypatch.setattr(tempfile, "tempdir", None)
    write(
        pytester.path,
        {
            "pyproject.toml": (
                f'[tool.dagprof]\npython = "{TARGET}"\nrepeat = 1\n\n[tool.pytest.ini_options]\n'
            ),
            "dags/a.py": dag("a"),
            "dags/team/b.py": dag("b", "import helper\n"),
            "dags/helper.py": "x = 1\n",
            "dags/old.py": dag("old"),
            "dags/.airflowignore": "old.py\n",
            "tests/test_sums.py": "def test_sums():\n    assert 1 + 1 == 2\n",
        },
    )
    return pytester


def call(place: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    done = place.runpytest_subprocess(*PLUGIN, "-p", "no:cacheprovider", *arguments, timeout=200)
    assert not os.listdir(place.path / "scratch"), (
        "something was left in the folder for temporary files"
    )
    return done


def lines_below(done: pytest.RunResult, start: str) -> list[str]:
    """The lines after the one that holds ``start``."""
    return done.outlines[
        next(number for number, line in enumerate(done.outlines) if start in line) + 1 :
    ]


def test_each_dag_file_is_a_test_beside_the_others(place: pytest.Pytester) -> None:
    done = call(place, "--dagprof", "dags", "-v", "tests")
    done.assert_outcomes(passed=3)
    done.stdout.fnmatch_lines(
        [
            "tests/test_sums.py::test_sums PASSED*",
            "dags/a.py::dagprof PASSED*",
            "dags/team/b.py::dagprof PASSED*",
        ]
    )


def test_without_the_option_nothing_changes(place: pytest.Pytester) -> None:
    write(
        place.path,
        {
            "tests/test_modules.py": (
                """
                import sys

                def test_modules():
                    assert "dagprof.pytest_items" not in sys.modules
                    assert not {"msgspec", "pandas", "dagprof.model"} & set(sys.modules)
            """
            )
        },
    )
    done = call(place, "-v")
    done.assert_outcomes(passed=2)
    done.stdout.no_fnmatch_line("*::dagprof*")


def test_node_ids_and_keywords_choose(place: pytest.Pytester) -> None:
    by_id = call(place, "--dagprof", "dags", "-v", "dags/team/b.py::dagprof")
    by_id.assert_outcomes(passed=1)
    by_id.stdout.fnmatch_lines(["dags/team/b.py::dagprof PASSED*"])
    by_file = call(place, "--dagprof=dags", "-v", "dags/a.py")
    by_file.assert_outcomes(passed=1)
    by_keyword = call(place, "--dagprof", "dags", "-k", "a.py and dagprof")
    by_keyword.assert_outcomes(passed=1, deselected=2)


def test_a_file_over_its_budget_fails_with_one_sentence(place: pytest.Pytester) -> None:
    write(place.path, {"dags/a.py": dag("a", SLOW.format(seconds=3))})
    done = call(place, "--dagprof", "dags", "--dagprof-budget", "2.5s", "dags")
    done.assert_outcomes(passed=1, failed=1)
    told = lines_below(done, "parse of a.py")
    assert told[0].startswith("a.py takes ")
    assert told[0].endswith(" over the budget of 2.50 s.")
    done.stdout.no_fnmatch_line("*Traceback*")
    done.stdout.no_fnmatch_line("*pytest_items*")


def test_the_budget_is_that_of_the_gate(place: pytest.Pytester) -> None:
    with (place.path / "pyproject.toml").open("a") as file:
        file.write('[tool.dagprof.gate]\nbudget = "1ms"\n')
        file.write('[[tool.dagprof.overrides]]\nfiles = ["dags/team/*"]\nbudget = "60s"\n')
    done = call(place, "--dagprof", "dags", "dags")
    done.assert_outcomes(passed=1, failed=1)
    assert lines_below(done, "parse of a.py")[0].endswith(" over the budget of 1.0 ms.")
    call(place, "--dagprof", "dags", "--dagprof-budget", "60s", "dags").assert_outcomes(passed=2)


def test_a_file_that_does_not_import_fails(place: pytest.Pytester) -> None:
    write(place.path, {"dags/a.py": dag("a", "import nothing_here\n")})
    done = call(place, "--dagprof", "dags", "dags")
    done.assert_outcomes(passed=1, failed=1)
    assert (
        lines_below(done, "parse of a.py")[0]
        == "a.py produces no DAGs: ModuleNotFoundError: No module named 'nothing_here' (dags/a.py:1)."
    )


def test_a_file_that_became_slower_than_in_the_baseline_fails(place: pytest.Pytester) -> None:
    scan = [
        sys.executable,
        "-m",
        "dagprof",
        "scan",
        "dags",
        "--depth",
        "quick",
        "--repeat",
        "3",
        "-q",
    ]
    subprocess.run(
        [*scan, "--save-baseline", "baseline.json"], cwd=place.path, check=True, timeout=200
    )
    arguments = ("--dagprof", "dags", "--dagprof-baseline", "baseline.json", "dags")
    text = (
        (place.path / "pyproject.toml")
        .read_text()
        .replace("repeat = 1", 'repeat = 3\nregression_floor = "400ms"')
    )
    write(place.path, {"pyproject.toml": text, "dags/new.py": dag("new")})
    call(place, *arguments).assert_outcomes(passed=3)
    write(place.path, {"dags/a.py": dag("a", SLOW.format(seconds=1.5))})
    done = call(place, *arguments)
    done.assert_outcomes(passed=2, failed=1)
    told = lines_below(done, "parse of a.py")[0]
    assert told.startswith("a.py takes ")
    assert re.search(r" more than in the baseline run \(\d[\d.]* m?s\)\.$", told)


def test_it_works_in_parallel(place: pytest.Pytester) -> None:
    write(place.path, {"dags/bad.py": dag("bad", "import nothing_here\n")})
    done = call(place, "--dagprof", "dags", "-n", "2")
    done.assert_outcomes(passed=3, failed=1)
    done.stdout.fnmatch_lines(
        [
            (
                "bad.py produces no DAGs: ModuleNotFoundError: No module named 'nothing_here'"
                " (dags/bad.py:1)."
            )
        ]
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--dagprof", "dags", "--dagprof-baseline", "pyproject.toml"),
            "*'*pyproject.toml' is not a run file: *",
        ),
        (("--dagprof", "dags", "--dagprof-baseline", "gone.json"), "*Cannot read '*gone.json'*"),
        (("--dagprof", "dags", "--dagprof-budget", "soon"), "*'soon' is not a duration. Write *"),
        (("--dagprof", "nowhere"), "*There is no file or folder '*nowhere'*"),
    ],
    ids=["no run", "no baseline", "no duration", "no folder"],
)
@pytest.mark.parametrize("parallel", [(), ("-n", "2")], ids=["alone", "in parallel"])
def test_bad_input_is_a_usage_error(
    place: pytest.Pytester, arguments: tuple[str, ...], sentence: str, parallel: tuple[str, ...]
) -> None:
    done = call(place, *arguments, *parallel)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert len([line for line in done.errlines if line]) == 1
    done.stderr.fnmatch_lines([sentence])


def test_a_folder_without_dag_files_is_told_once(place: pytest.Pytester) -> None:
    write(place.path, {"empty/inner/notes.py": "x = 1\n", "empty/more.py": "x = 1\n"})
    done = call(place, "--dagprof", "empty")
    assert done.ret == pytest.ExitCode.INTERRUPTED
    assert sum(line.startswith("There are no DAG files in ") for line in done.outlines) == 1
    done.stdout.no_fnmatch_line("*Traceback*")


def test_an_interrupt_leaves_nothing_behind(place: pytest.Pytester, tmp_path: Path) -> None:
    marker = tmp_path / "parsing"
    write(
        place.path,
        {"dags/a.py": dag("a", f"open({str(marker)!r}, 'w').close()\n" + SLOW.format(seconds=100))},
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        *PLUGIN,
        "-p",
        "no:cacheprovider",
        "--dagprof",
        "dags",
        "dags",
    ]
    with subprocess.Popen(command, cwd=place.path, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(600):
            if marker.exists():
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=60)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, told
    assert "KeyboardInterrupt" in told
    assert not os.listdir(place.path / "scratch")
    assert not _running_below(place.path)


def _running_below(folder: Path) -> list[str]:
    """Command lines of processes that work in the folder or have it in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            if f"TMPDIR={folder}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            pass
    return found


def test_a_file_that_needs_an_answer_is_skipped_with_the_sentence(place: pytest.Pytester) -> None:
    code = "from airflow.models import Variable\nday = Variable.get('first_day').split('-')[2]\n"
    write(place.path, {"dags/a.py": dag("a", code)})
    done = call(place, "--dagprof", "dags", "-rs", "dags/a.py")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(
        ["*dagprof cannot check a.py: the file needs Variable 'first_day'*--variables FILE.*"]
    )


def test_text_of_a_dag_file_gives_no_command_to_a_ci_system(place: pytest.Pytester) -> None:
    text = "first\\n::error file=a.py::PWN\\r\\n##vso[task.x]PWN \\x1b[2J ##[error]PWN"
    write(place.path, {"dags/a.py": f'raise RuntimeError("{text}")  # airflow dag\n'})
    done = call(place, "--dagprof", "dags", "dags")
    log = "\n".join([*done.outlines, *done.errlines])
    assert "PWN" in log
    assert not commands(log)
    assert not raw_controls(log)
