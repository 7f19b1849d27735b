"""Plugins are loaded once, before anything is parsed: their cost is their own, and what they
import is free for DAG files.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Scan, dag, result, write

from dagprof.analyse.fleet import Fleet

HEAVY = "import time\ntime.sleep(0.3)\nvalue = 1\n"
PLUGIN = """
    import heavy
    from airflow.plugins_manager import AirflowPlugin

    class Quality(AirflowPlugin):
        name = "quality"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "lib", {"heavy.py": HEAVY})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    return write(tmp_path / "home", {"airflow.cfg": "[core]\nload_examples = False\n"})


def test_what_a_plugin_imports_is_no_saving_in_a_dag_file(scan: Scan, home: Path) -> None:
    write(home, {"plugins/quality_plugin.py": PLUGIN})
    run = scan({"a.py": dag("a", "import heavy\n")}, depth="full")
    assert result(run, "a.py").own_ms < 300
    assert not [change for change in Fleet(run).changes() if "heavy" in change.loads]
    (plugin,) = [plugin for plugin in run.plugins if "quality_plugin" in plugin.source]
    assert plugin.wall_ms >= 300
    assert plugin.modules >= 1
    assert not plugin.error


def test_without_the_plugin_it_is_a_saving(scan: Scan, home: Path) -> None:
    run = scan({"a.py": dag("a", "import heavy\n")}, depth="full")
    assert result(run, "a.py").own_ms >= 300
    assert [change.place.file for change in Fleet(run).changes() if "heavy" in change.loads] == [
        "a.py"
    ]


def test_a_plugin_that_fails_is_named_and_hurts_no_file(scan: Scan, home: Path) -> None:
    write(home, {"plugins/broken_plugin.py": "# airflow\nraise LookupError('no rules')\n"})
    run = scan({"a.py": dag("a")})
    assert result(run, "a.py").dag_ids == ("a",)
    (plugin,) = [plugin for plugin in run.plugins if "broken_plugin" in plugin.source]
    assert plugin.error == "LookupError: no rules"
