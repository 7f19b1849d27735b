"""Helpers of tests of all rings: the interpreter to measure with, DAG files written by the test,
and the command.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from dagprof.model import FileResult, Run

EXAMPLES = Path(__file__).parent.parent / "examples" / "dags"
TARGET = os.environ.get("DAGPROF_TEST_TARGET_PYTHON") or sys.executable

# The seed of malformed documents, and how many seconds of them are tried. Read when a module is
# imported: tests see no variable of dagprof's.
FUZZ_SEED, FUZZ_SECONDS = "DAGPROF_TEST_FUZZ_SEED", "DAGPROF_TEST_FUZZ_SECONDS"

Scan = Callable[..., Run]


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files by relative path and dedented text."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


def result(run: Run, path: str) -> FileResult:
    """The result of one file."""
    return next(file for file in run.files if file.path == path)


# Every supported Airflow can parse this without a provider.
DAG = """
    import datetime
    from airflow import DAG

    with DAG("{name}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
        pass
"""


def dag(name: str, before: str = "") -> str:
    """Source of a DAG file: ``before``, then one empty DAG."""
    return textwrap.dedent(before) + textwrap.dedent(DAG.format(name=name))


def call(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a separate process, as people and CI jobs do."""
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
