"""The rules of ``dagprof check`` in the gate and in pytest, with a real Airflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import TARGET, call, dag, write

OLD, NEW = "kJ8sLq2ZpX9vR4tB", "wN3yHb7TfE5xC1mV"
SECRET = "connect = dict\nconnect(api_key={!r})\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A committed DAG file with a secret, which then gets another one."""
    old = SECRET.format(OLD)
    write(
        tmp_path,
        {
            "pyproject.toml": "[tool.dagprof.check]\nin-scan = true\n",
            "dags/a.py": dag("a", old),
            "dags/b.py": dag("b"),
        },
    )
    for arguments in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-q", "-m", "x"),
    ):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    write(tmp_path, {"dags/a.py": dag("a", old + f"connect(token={NEW!r})\n")})
    return tmp_path


def test_the_gate_reports_breaches_at_changed_lines_only(repository: Path) -> None:
    done = call("gate", "dags", "--against", "HEAD", "--python", TARGET, cwd=repository)
    assert done.returncode == 1, done.stdout + done.stderr
    verdict = json.loads((repository / "reports" / "gate.json").read_text(encoding="utf-8"))
    (finding,) = verdict["findings"]
    assert finding["rule"] == "practice"
    assert (finding["file"], finding["line"]) == ("dags/a.py", 3)
    assert finding["message"].startswith("DP701 This line contains a secret")
    assert NEW not in done.stdout + json.dumps(verdict)
    waived = ("gate", "dags", "--against", "HEAD", "--python", TARGET, "--ignore", "practice")
    assert call(*waived, cwd=repository).returncode == 0


def test_pytest_fails_for_a_file_with_a_breach(repository: Path) -> None:
    arguments = ("-m", "pytest", "--dagprof", "dags", "-q", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=repository,
        env={**os.environ, "DAGPROF_PYTHON": TARGET},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert "a.py:3: DP701 This line contains a secret" in done.stdout
    assert OLD not in done.stdout
