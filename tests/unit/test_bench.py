"""The scripts in ``bench/`` find what they take from dagprof: they run by hand, so nothing else
would tell.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
LOAD_ALL = """
import importlib, pathlib, sys
sys.path.insert(0, sys.argv[1])
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.py")):
    importlib.import_module(file.stem)
    print(file.stem)
"""


def test_every_script_can_be_imported(tmp_path: Path) -> None:
    pytest.importorskip(
        "playwright"
    )  # one of them takes pictures; the environment that has a browser tries all
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", LOAD_ALL, str(BENCH)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == len(list(BENCH.glob("*.py")))
