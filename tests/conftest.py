"""Fixtures of all rings: a plain environment, and ``scan`` for a DAG folder written by the test."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support import FUZZ_SEED, TARGET, Scan, write

import dagprof
from dagprof.model import Run


def pytest_configure(config: pytest.Config) -> None:
    """Let tests interrupt commands. In a background job of a shell, and under nohup, commands would
    inherit that signals are ignored.
    """
    for number, default in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
        (signal.SIGTERM, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, default)
    os.environ.setdefault(FUZZ_SEED, str(secrets.randbits(32)))  # one for all processes


def pytest_report_header() -> str:
    """What makes the cases of a run again."""
    return f"{FUZZ_SEED}={os.environ[FUZZ_SEED]}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests outside the unit ring, because they need an Airflow."""
    for item in items:
        if item.path.parent.name in ("airflow", "command", "executors"):
            item.add_marker("airflow")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove Airflow and dagprof settings of the machine that runs the tests."""
    for name in list(os.environ):
        if name.startswith(("AIRFLOW", "DAGPROF_")) and name != "DAGPROF_TEST_TARGET_PYTHON":
            monkeypatch.delenv(name)
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    """``scan({"a.py": "..."}, repeat=1)`` writes a DAG folder and measures it."""

    def run(files: Mapping[str, str], *below: str, **options: Any) -> Run:
        folder = write(tmp_path / "dags", files)
        paths = [folder / name for name in below] or [folder]
        return dagprof.scan(*paths, **{"python": TARGET, "repeat": 1, **options})

    return run
