"""Plugins are loaded where Airflow loads them: once in the manager, and never in a DAG file's
time.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Scan, dag, result, write

from dagprof.errors import MeasurementError

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
    asks = dag(
        "alone",
        f"import sys\nprint('FREE', {module!r} in sys.modules, 'airflow.hooks.base' in"
        " sys.modules)",
    )
    names = dag("other", f"from {module} import Param\nfrom airflow.hooks.base import BaseHook")
    together = result(scan({"alone.py": asks, "team/other.py": names}), "alone.py")
    alone = result(
        scan({"alone.py": asks}, "alone.py", bundle_root=str(tmp_path / "dags")), "alone.py"
    )
    assert "FREE True True" in together.stdout.text
    assert "FREE True True" in alone.stdout.text


@pytest.mark.parametrize(
    ("code", "is_imitated"),
    [
        ("import os, time\nif os.fork() == 0:\n    time.sleep(1)\n", False),
        ("import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n", False),
        ("class Odd(BaseException): pass\nraise Odd\n", True),
        ("raise KeyboardInterrupt\n", True),
    ],
)
def test_a_plugin_that_forks_ignores_children_or_raises_anything_ends_no_scan(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, is_imitated: bool
) -> None:
    write(tmp_path / "plugins", {"odd.py": code})
    monkeypatch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", str(tmp_path / "plugins"))
    run = scan({"a.py": dag("a")}, repeat=1, depth="quick")
    assert result(run, "a.py").is_timed
    assert any(doubt.code == "imitated" for doubt in run.doubts) is is_imitated


def test_what_kept_the_command_from_starting_is_said_without_secrets(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "s3cretvalue")
    write(
        tmp_path / "plugins", {"leaves.py": "import os, sys\nsys.exit(os.environ['SOME_TOKEN'])\n"}
    )
    monkeypatch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", str(tmp_path / "plugins"))
    run = scan({"a.py": dag("a")}, repeat=1, depth="quick")
    assert "s3cretvalue" not in repr(run)


def test_a_plugin_that_ends_the_process_at_once_is_one_sentence_without_secrets(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "s3cretvalue")
    ends = "import os\nprint(os.environ['SOME_TOKEN'], flush=True)\nos._exit(4)\n"
    write(tmp_path / "plugins", {"ends.py": ends})
    monkeypatch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", str(tmp_path / "plugins"))
    with pytest.raises(MeasurementError, match="ended with exit code 4") as caught:
        scan({"a.py": dag("a")}, repeat=1, depth="quick")
    assert "s3cretvalue" not in str(caught.value)


def test_a_kept_database_that_cannot_be_used_is_made_anew_by_the_next_scan(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    scan({"a.py": dag("a")}, repeat=1, depth="quick")
    (kept,) = (tmp_path / "cache" / "dagprof").iterdir()
    data = kept.read_bytes()
    kept.write_bytes(data[:4096] + b"Z" * (len(data) - 4096))
    run = scan({"a.py": dag("a")}, repeat=1, depth="quick")
    assert any(doubt.code == "imitated" for doubt in run.doubts)
    run = scan({"a.py": dag("a")}, repeat=1, depth="quick")
    assert not any(doubt.code == "imitated" for doubt in run.doubts)
