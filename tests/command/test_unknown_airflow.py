"""An Airflow in which something is missing is named as such, and no DAG file is blamed for it.

The Airflow is real; a ``sitecustomize`` on its path takes one name away after the module was
executed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import TARGET, call, dag, write

CUSTOM = """
    import importlib.abc, importlib.util, os, sys

    MODULE, _, CHANGE = os.environ["CHANGED_AIRFLOW"].partition(":")

    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name != MODULE:
                return None
            if not CHANGE:
                raise ModuleNotFoundError("No module named %r" % name, name=name)
            sys.meta_path.remove(self)
            try:
                spec = importlib.util.find_spec(name)
            finally:
                sys.meta_path.insert(0, self)
            executing = spec.loader.exec_module

            def exec_module(module):
                if CHANGE == "raises":
                    raise ImportError("a library does not fit")
                executing(module)
                attribute, _, value = CHANGE.partition("=")
                if value:
                    setattr(module, attribute, value)
                else:
                    delattr(module, attribute)

            spec.loader.exec_module = exec_module
            return spec

    sys.meta_path.insert(0, Finder())
"""
MISSING = "airflow.utils.file:iter_airflow_imports"
SENTENCE = (
    "is not supported: airflow.utils.file.iter_airflow_imports is missing; dagprof supports"
    " Airflow 2.7 to 3.3."
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write(tmp_path, {"dags/a.py": dag("a"), "odd/sitecustomize.py": CUSTOM})


def on(place: Path, changed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return call(*arguments, cwd=place, CHANGED_AIRFLOW=changed, PYTHONPATH=str(place / "odd"))


@pytest.mark.parametrize(
    "command", [("scan", "dags"), ("explain", "dags/a.py")], ids=lambda each: each[0]
)
def test_a_missing_name_ends_a_command_with_one_sentence(
    place: Path, command: tuple[str, ...]
) -> None:
    done = on(place, MISSING, *command, "--python", TARGET, "-q")
    assert done.returncode == 3, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("dagprof: Airflow ")
    assert line.endswith(SENTENCE)


def test_the_gate_measures_nothing_on_an_unknown_airflow(place: Path) -> None:
    for arguments in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "base")):
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
            cwd=place,
            check=True,
        )
    write(place, {"dags/a.py": dag("a", "x = 1\n")})
    done = on(place, MISSING, "gate", "dags", "--against", "main", "--python", TARGET)
    assert done.returncode == 3, done.stderr
    assert SENTENCE in done.stderr


def test_doctor_names_what_is_missing(place: Path) -> None:
    done = on(place, MISSING, "doctor", "--python", TARGET)
    assert done.returncode == 3, done.stdout
    told = " ".join(done.stdout.split())
    assert "Airflow cannot be used → Airflow " in told
    assert told.endswith(SENTENCE)
    assert told.count("is not supported") == 1


@pytest.mark.skipif(
    sys.executable != TARGET, reason="the pytest plugin measures with its own interpreter here"
)
def test_pytest_ends_with_the_code_of_an_impossible_measurement(place: Path) -> None:
    import os

    environment = {**os.environ, "CHANGED_AIRFLOW": MISSING, "PYTHONPATH": str(place / "odd")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--dagprof", "dags", "dags"],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert SENTENCE in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            "airflow:__version__=2.6.3",
            "Airflow 2.6.3 is not supported; dagprof supports Airflow 2.7 to 3.3.",
        ),
        ("airflow.dag_processing.manager:", "airflow.dag_processing.manager is missing"),
        (
            "airflow.serialization.serialized_objects:raises",
            ": airflow.serialization.serialized_objects cannot be imported (",
        ),
    ],
    ids=["too old", "no module", "damaged"],
)
def test_other_unknown_airflows(place: Path, changed: str, sentence: str) -> None:
    done = on(place, changed, "scan", "dags", "--python", TARGET, "-q")
    assert done.returncode == 3, done.stderr
    assert sentence in done.stderr


def test_a_newer_airflow_with_all_that_is_needed_is_measured_with_a_remark(place: Path) -> None:
    done = on(place, "airflow:__version__=3.9.0", "scan", "dags", "--python", TARGET)
    if "dagprof cannot use Airflow" in done.stderr:
        pytest.skip("this Airflow looks at its own version, and does not live with another")
    assert done.returncode == 0, done.stderr
    assert "1 file with 1 DAG" in done.stdout
    assert "Airflow 3.9.0 is newer than 3.3" in " ".join(done.stdout.split())


def test_a_name_that_only_the_processor_needs_is_not_missed_by_a_task_start(place: Path) -> None:
    done = on(
        place,
        "airflow.dag_processing.manager:",
        "scan",
        "dags",
        "--python",
        TARGET,
        "--temperature",
        "warm",
    )
    assert done.returncode == 0, done.stderr
