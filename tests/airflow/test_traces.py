"""A scan leaves nothing behind: not in the DAG folder, not in AIRFLOW_HOME, not among temporary
files.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from support import TARGET, dag, write

import dagprof


def fingerprint(*folders: Path) -> str:
    """A hash of all names, kinds and contents below some folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            digest.update(os.fsencode(path))
            digest.update(path.read_bytes() if path.is_file() and not path.is_symlink() else b"-")
    return digest.hexdigest()


def settled_fingerprint(*folders: Path) -> str | None:
    """The fingerprint, or None while somebody is still clearing up below the folders."""
    try:
        return fingerprint(*folders)
    except OSError:
        return None


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, Path]:
    files = {
        f"file_{number}.py": dag(f"d{number}", "import helper\nimport time\ntime.sleep(0.2)\n")
        for number in range(8)
    }
    folder = write(tmp_path / "dags", {**files, "helper.py": "value = 1\n"})
    home = write(tmp_path / "home", {"plugins/mine.py": "value = 2\n"})
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("AIRFLOW_HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder, home, temporary


def test_after_a_scan(places: tuple[Path, Path, Path]) -> None:
    before = fingerprint(*places)
    run = dagprof.scan(places[0], python=TARGET, repeat=1)
    assert len(run.files) == 8
    assert all(file.parse_ms > 200 for file in run.files)
    assert fingerprint(*places) == before


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name
)
def test_after_an_interrupted_scan(
    places: tuple[Path, Path, Path], tmp_path: Path, number: signal.Signals
) -> None:
    before = fingerprint(*places)
    command = [
        sys.executable,
        "-m",
        "dagprof",
        "scan",
        str(places[0]),
        "--python",
        TARGET,
        "-o",
        str(tmp_path / "out"),
        "-j",
        "1",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    journal = tmp_path / "out" / "run.partial.jsonl"
    _wait_until(lambda: journal.exists() and len(journal.read_bytes().splitlines()) >= 3)
    process.send_signal(number)
    process.communicate(timeout=60)
    _wait_until(lambda: settled_fingerprint(*places) == before)
    assert (
        process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 130, signal.SIGKILL: -9}[number]
    )
    assert len(journal.read_bytes().splitlines()) >= 3
    assert not (tmp_path / "out" / "run.json").exists()


def _wait_until(condition: object) -> None:
    deadline = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
