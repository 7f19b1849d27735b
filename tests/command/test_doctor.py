"""``dagprof doctor`` exits with 3 and says why in one sentence where no scan could measure.

The interpreters are real: one whose ``os.fork`` is broken by a ``sitecustomize`` of its own, and
one without Airflow.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import TARGET, call, dag, write

# Counts from the process in which it is loaded: 0 is the measuring process itself, 1 what that
# forks.
BROKEN_FORK = """
    import os

    FIRST, DEPTH, FORK = os.getpid(), int(os.environ["FORKS_UNTIL"]), os.fork

    def fork():
        depth = 0 if os.getpid() == FIRST else 1
        if depth >= DEPTH:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return FORK()

    os.fork = fork
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write(tmp_path, {"dags/a.py": dag("a"), "odd/sitecustomize.py": BROKEN_FORK})


def findings(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("temperature", ["processor", "warm"])
def test_an_interpreter_that_cannot_fork(place: Path, temperature: str) -> None:
    environment = {
        "FORKS_UNTIL": "0",
        "PYTHONPATH": str(place / "odd"),
        "DAGPROF_TEMPERATURE": temperature,
    }
    done = call("doctor", "--python", TARGET, cwd=place, **environment)
    assert done.returncode == 3, done.stdout + done.stderr
    told = findings(done).partition("Forking ")[2]
    assert told.startswith(
        f"does not work here → os.fork fails in {TARGET} (BlockingIOError: [Errno 11] "
    )
    assert told.endswith("use --python to choose an interpreter where os.fork works.")
    assert told.count(". ") == 2  # the three sentences of this fault and no others
    scanned = call("scan", "dags", "-q", "--python", TARGET, cwd=place, **environment)
    assert scanned.returncode == 3
    (line,) = scanned.stderr.splitlines()
    assert line.startswith("dagprof: os.fork fails in ")


def test_an_interpreter_that_cannot_fork_what_parses(place: Path) -> None:
    environment = {"FORKS_UNTIL": "1", "PYTHONPATH": str(place / "odd")}
    done = call("doctor", "--python", TARGET, cwd=place, **environment)
    assert done.returncode == 3, done.stdout + done.stderr
    told = findings(done).partition("Forking ")[2]
    assert told.startswith(
        "does not work here → os.fork fails in a measuring process (BlockingIOError: [Errno 11] "
    )
    assert told.endswith("use --python to choose an interpreter where os.fork works.")
    assert told.count(". ") == 2  # the three sentences of this fault and no others
    scanned = call("scan", "dags", "-q", "--python", TARGET, cwd=place, **environment)
    assert scanned.returncode == 3
    assert "Every parse killed the measuring process" in scanned.stderr


def test_an_interpreter_without_airflow(place: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True
    )
    done = call("doctor", "--python", str(tmp_path / "bare"), cwd=place)
    assert done.returncode == 3, done.stdout + done.stderr
    told = findings(done).partition("Airflow cannot be used → ")[2]
    assert told.startswith("Airflow is not installed in ")
    assert told.count("Airflow is not installed in ") == 1
    assert told.endswith("or use --python to choose an interpreter that has Airflow.")
