"""The new place of a moved import path exists."""

from __future__ import annotations

import json
import subprocess

import pytest
from support import TARGET

from dagprof.analyse.moved import TO_3

FIND = """
import importlib, importlib.util, json, sys
import airflow

def is_there(path):
    try:
        importlib.import_module(path)
        return True
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return hasattr(importlib.import_module(module), name)

def is_installed(path):
    parts = path.split(".")
    if parts[:2] != ["airflow", "providers"]:
        return True
    try:
        return importlib.util.find_spec(".".join(parts[:3])) is not None
    except ModuleNotFoundError:
        return False

is_3 = airflow.__version__.startswith("3.")
asked = [path for path in json.loads(sys.argv[1]) if is_3 and is_installed(path)]
print(json.dumps([airflow.__version__, len(asked), [path for path in asked if not is_there(path)]]))
"""


def test_every_successor_that_is_installed_can_be_imported() -> None:
    paths = sorted({path for path in TO_3.values() if path})
    done = subprocess.run(
        [TARGET, "-W", "ignore", "-c", FIND, json.dumps(paths)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1500:]
    version, asked, missing = json.loads(done.stdout.splitlines()[-1])
    if version.startswith("2."):
        pytest.skip("the successors are those of Airflow 3")
    if version.startswith("3.0"):
        pytest.skip("written down for 3.3; 3.0 has not all of them yet")
    assert missing == []
    assert asked >= 15
