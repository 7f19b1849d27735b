"""What all rings share: the interpreter to measure with, and a way to scan a folder written on the spot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import dagprof
from dagprof.model import FileResult, Run

EXAMPLES = Path(__file__).parent.parent / "examples" / "dags"
TARGET = os.environ.get("DAGPROF_TEST_TARGET_PYTHON") or sys.executable

Scan = Callable[..., Run]


def pytest_configure(config: pytest.Config) -> None:
    """Let the commands under test be interrupted: in a shell's background job they would inherit that it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything outside the unit ring needs an Airflow."""
    for item in items:
        if item.path.parent.name in ("airflow", "command"):
            item.add_marker("airflow")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Airflow or dagprof setting of the machine that runs the tests takes part."""
    for name in list(os.environ):
        if name.startswith(("AIRFLOW", "DAGPROF_")) and name != "DAGPROF_TEST_TARGET_PYTHON":
            monkeypatch.delenv(name)
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"):
        monkeypatch.delenv(name, raising=False)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files by relative path and dedented text."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    """``scan({"a.py": "..."}, repeat=1)`` writes a DAG folder and measures it."""

    def run(files: Mapping[str, str], *below: str, **options: object) -> Run:
        folder = write(tmp_path / "dags", files)
        paths = [folder / name for name in below] or [folder]
        return dagprof.scan(*paths, **{"python": TARGET, "repeat": 1, **options})

    return run


def result(run: Run, path: str) -> FileResult:
    """The result of one file."""
    return next(file for file in run.files if file.path == path)


# Parses on every supported Airflow without a provider.
DAG = """
    import datetime
    from airflow import DAG

    with DAG("{name}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
        pass
"""


def dag(name: str, before: str = "") -> str:
    """Source of a DAG file with one empty DAG, after some code of its own."""
    return textwrap.dedent(before) + textwrap.dedent(DAG.format(name=name))


def call(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as people and CI jobs do."""
    return subprocess.run(
        [sys.executable, "-m", "dagprof", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        stdin=subprocess.DEVNULL,
    )
