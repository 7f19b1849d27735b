"""Plugins are loaded where Airflow loads them: once in the manager, and never at a DAG file's cost."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Scan, dag, result, write

SLEEP_MS = 300
HELPER = f"import time\n\ntime.sleep({SLEEP_MS / 1000})\nVALUE = 1\n"


def test_a_helper_in_the_plugins_folder_is_free_and_the_same_in_the_dag_folder_is_not(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "plugins", {"heavy_helper.py": HELPER})
    monkeypatch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", str(tmp_path / "plugins"))
    uses = dag("uses", "from heavy_helper import VALUE")
    file = result(scan({"uses.py": uses}), "uses.py")
    assert file.parse_ms < SLEEP_MS / 2
    assert not file.experiments

    (tmp_path / "plugins" / "heavy_helper.py").unlink()
    file = result(scan({"uses.py": uses, "heavy_helper.py": HELPER}, repeat=2), "uses.py")
    assert file.parse_ms >= SLEEP_MS


def test_a_plugin_that_cannot_be_imported_is_no_files_failure(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "plugins", {"broken.py": "1 / 0\n"})
    monkeypatch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", str(tmp_path / "plugins"))
    run = scan({"a.py": dag("a")})
    assert not result(run, "a.py").failures
    assert not any(doubt.code == "imitated" for doubt in run.doubts)


def test_a_plugin_that_ends_the_process_is_said_and_the_files_are_measured_all_the_same(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "plugins", {"leaves.py": "import sys\nsys.exit(3)\n"})
    monkeypatch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", str(tmp_path / "plugins"))
    run = scan({"a.py": dag("a")})
    assert not result(run, "a.py").failures
    (text,) = (doubt.text for doubt in run.doubts if doubt.code == "imitated")
    assert "did not start here" in text


def test_one_file_alone_gets_what_the_whole_folder_names(scan: Scan, tmp_path: Path) -> None:
    module = "airflow.models.param"
    asks = dag("alone", f"import sys\nprint('FREE', {module!r} in sys.modules, 'airflow.hooks.base' in sys.modules)")
    names = dag("other", f"from {module} import Param\nfrom airflow.hooks.base import BaseHook")
    together = result(scan({"alone.py": asks, "team/other.py": names}), "alone.py")
    alone = result(scan({"alone.py": asks}, "alone.py", bundle_root=str(tmp_path / "dags")), "alone.py")
    assert "FREE True True" in together.stdout.text
    assert "FREE True True" in alone.stdout.text
