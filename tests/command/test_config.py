"""``dagprof config``: the effective settings, where each was set, and the limits of one file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support import call, write

TEXT = """
    [tool.dagprof]
    repeat = 5
    [tool.dagprof.gate]
    budget = "2s"
    [tool.dagprof.gate.rules]
    new-package = "error"
    [[tool.dagprof.overrides]]
    files = "etl/*"
    budget = "4s"
    rules = { slower = "warning" }
    [[tool.dagprof.overrides]]
    files = "dags/etl/**"
    forbid = ["pandas", "torch"]
    [[tool.dagprof.waivers]]
    files = "etl/sales.py"
    rule = "budget"
    reason = "red \\u001b[31m text"
    until = 2020-01-01
    [[tool.dagprof.waivers]]
    files = "etl/*"
    rule = "timeout"
    reason = "later"
    until = 2999-01-01
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write(tmp_path, {"pyproject.toml": TEXT, "dags/etl/sales.py": "", "dags/other.py": ""})


def rows(text: str) -> dict[str, list[str]]:
    """The cells of each line of the tables, by the first one."""
    cells = [
        re.split(r"\s{2,}", line.strip()) for line in text.splitlines() if line.startswith("  ")
    ]
    return {key: rest for key, *rest in cells}


def test_values_and_where_they_come_from(place: Path) -> None:
    done = call("config", cwd=place / "dags", DAGPROF_GATE_ABSOLUTE="20ms")
    assert done.returncode == 0, done.stderr
    told = rows(done.stdout)
    assert f"Configuration file: {place / 'pyproject.toml'}" in done.stdout
    assert told["repeat"] == ["5", "[tool.dagprof] in pyproject.toml"]
    assert told["gate.budget"] == ["2s", "[tool.dagprof.gate] in pyproject.toml"]
    assert told["gate.absolute"] == ["20ms", "environment variable DAGPROF_GATE_ABSOLUTE"]
    assert told["gate.rules.new-package"] == [
        "error",
        "[tool.dagprof.gate.rules] in pyproject.toml",
    ]
    assert told["gate.rules.slower"] == ["error", "default"]
    assert told["jobs"] == ["-", "default"]
    assert "override 1  etl/*: budget 4s; rules.slower warning" in done.stdout
    assert "waiver 1  etl/sales.py: budget, expired 2020-01-01, red \\x1b[31m text" in done.stdout
    assert "waiver 2  etl/*: timeout, until 2999-01-01, later" in done.stdout
    assert "\x1b" not in done.stdout
    assert "Gate limits for" not in done.stdout


def test_the_limits_of_one_file(place: Path) -> None:
    done = call("config", "dags/etl/sales.py", cwd=place)
    assert done.returncode == 0, done.stderr
    told = rows(done.stdout.partition("Gate limits for etl/sales.py")[2])
    assert told["budget"] == ["4s", "override 1"]
    assert told["forbid"] == ["pandas, torch", "override 2"]
    assert told["relative"] == ["5%", "gate"]
    assert told["rules.slower"] == ["warning", "override 1"]
    assert told["rules.new-package"] == ["error", "gate"]
    other = rows(
        call("config", "dags/other.py", cwd=place).stdout.partition("Gate limits for other.py")[2]
    )
    assert other["budget"] == ["2s", "gate"]
    assert other["rules.slower"] == ["error", "gate"]


def test_the_bundle_root_decides_what_patterns_mean(place: Path) -> None:
    done = call("config", "dags/etl/sales.py", "--bundle-root", "dags/etl", "--json", cwd=place)
    document = json.loads(done.stdout)
    assert document["settings"]["bundle-root"] == {"value": "dags/etl", "source": "option"}
    (file,) = document["files"]
    assert (file["path"], file["bundle-root"]) == ("sales.py", str(place / "dags" / "etl"))
    limits = file["limits"]
    assert limits["budget"] == {"value": "2s", "source": "gate"}
    assert limits["forbid"] == {"value": ["pandas", "torch"], "source": "override 2"}


def test_json(place: Path) -> None:
    document = json.loads(call("config", "--json", cwd=place).stdout)
    file = str(place / "pyproject.toml")
    assert document["file"] == file
    assert document["settings"]["repeat"] == {"value": 5, "source": f"[tool.dagprof] in {file}"}
    assert document["settings"]["gate.rules.unsure"] == {"value": "warning", "source": "default"}
    assert document["overrides"][0] == {
        "files": ["etl/*"],
        "budget": "4s",
        "rules.slower": "warning",
    }
    assert [waiver["expired"] for waiver in document["waivers"]] == [True, False]
    assert document["waivers"][1]["until"] == "2999-01-01"
    assert document["files"] == []


def test_without_a_file(tmp_path: Path) -> None:
    done = call("config", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "No configuration file found." in done.stdout
    assert {cells[-1] for cells in rows(done.stdout).values()} == {"default"}


def test_bad_input_gets_one_clear_sentence(place: Path) -> None:
    for name, sentence in (
        ("nowhere.py", "There is no file or folder 'nowhere.py'"),
        ("dags", "'dags' is a folder"),
    ):
        wrong = call("config", name, cwd=place)
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert sentence in wrong.stderr
    (place / "pyproject.toml").write_text("[tool.dagprof.gate]\nbugdet = '1s'\n")
    for command in (["config"], ["scan", "dags"]):
        done = call(*command, cwd=place)
        assert (done.returncode, done.stdout) == (2, "")
        assert "did you mean `budget`?" in done.stderr
        assert "Traceback" not in done.stderr
