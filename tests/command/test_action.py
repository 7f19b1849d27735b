"""The GitHub Action: its shell steps, taken from action.yml, in a real shallow clone.

There is no GitHub here: ``gh`` and ``pip`` are stand-ins that record their arguments. The tests
inspect other people's actions without running them, and ``Runner`` evaluates the few expressions
that action.yml uses.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import TARGET, dag, write

ROOT = Path(__file__).parent.parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = ACTION["runs"]["steps"]
EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
MARKER = "<!-- dagprof -->"

PYTHON = """#!/bin/sh
if [ "$2" = pip ]; then
    echo "$@" >> "$STAND_INS/pip.log"
    echo /cache
else
    exec "{python}" "$@"
fi
"""

GH = """#!{python}
import json, os, sys
from pathlib import Path

folder = Path(os.environ["STAND_INS"])
body = [argument.partition("@")[2] for argument in sys.argv if argument.startswith("body=@")]
row = {{"arguments": sys.argv[1:], "token": os.environ["GH_TOKEN"], "body": Path(body[0]).read_text() if body else ""}}
with (folder / "gh.log").open("a") as log:
    log.write(json.dumps(row) + "\\n")
if (folder / "denied").exists():
    sys.exit("HTTP 403")
if not body and (folder / "comments").exists():
    print((folder / "comments").read_text())
"""


def git(folder: Path, *arguments: str) -> str:
    command = [
        "git",
        "-c",
        "user.name=dev",
        "-c",
        "user.email=dev@example.org",
        "-C",
        str(folder),
        *arguments,
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Runner:
    """Runs the steps one by one as GitHub does, and keeps what they leave in its files."""

    def __init__(self, folder: Path, workspace: Path) -> None:
        self.folder, self.workspace = folder, workspace
        self.files = {
            name: folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        }
        self.event: dict[str, Any] = {}
        self.outputs: dict[str, str] = {}
        self.used: list[dict[str, Any]] = []
        self.stdout = ""
        (folder / "bin").mkdir()
        for name, text in (("python", PYTHON), ("gh", GH)):
            (folder / "bin" / name).write_text(text.format(python=sys.executable))
            (folder / "bin" / name).chmod(0o755)

    def run(self, **given: str) -> int:
        """The exit code of the first step that fails, or 0. Inputs are written with underscores."""
        inputs = {name: str(value["default"]) for name, value in ACTION["inputs"].items()}
        inputs |= {name.replace("_", "-"): value for name, value in given.items()}
        self.outputs = {f"inputs.{name}": self._filled(value) for name, value in inputs.items()}
        for step in STEPS:
            if not self._is_due(step.get("if", "")):
                continue
            if "uses" in step:
                self.used.append(
                    {"uses": step["uses"], **{k: self._filled(v) for k, v in step["with"].items()}}
                )
            elif code := self._shell(step):
                return code
        return 0

    def _value(self, expression: str) -> str:
        known: dict[str, str] = {
            "github.token": "secret",
            "github.action_path": str(ROOT),
            "github.event.pull_request.base.sha": (
                self.event.get("pull_request", {}).get("base", {}).get("sha", "")
            ),
            "github.event.pull_request.number": str(
                self.event.get("pull_request", {}).get("number", "")
            ),
            "github.event.before": self.event.get("before", ""),
            "runner.os": "Linux",
            "runner.arch": "X64",
            **self.outputs,
        }
        if expression.startswith("steps."):
            return known.get(expression, "")
        return known[expression]

    def _filled(self, text: str) -> str:
        return EXPRESSION.sub(lambda match: self._value(match[1]), text)

    def _is_due(self, condition: str) -> bool:
        """Conditions here are values, or comparisons with a text, joined by &&."""
        for part in filter(None, condition.split(" && ")):
            name, sign, text = part.partition(" == ") if " == " in part else part.partition(" != ")
            equal = self._value(name) == (text.strip("'") if sign else "")
            if equal != (sign == " == "):
                return False
        return True

    def _shell(self, step: Mapping[str, Any]) -> int:
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        for file in self.files.values():
            file.touch()
        self.files["GITHUB_OUTPUT"].write_text("")
        event = self.folder / "event.json"
        event.write_text(json.dumps(self.event))
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=self.workspace,
            env={
                **os.environ,
                "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "STAND_INS": str(self.folder),
                "RUNNER_TEMP": str(self.folder),
                "GITHUB_EVENT_PATH": str(event),
                "GITHUB_REPOSITORY": "some/where",
                **{name: str(file) for name, file in self.files.items()},
                **{name: self._filled(value) for name, value in step.get("env", {}).items()},
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )
        self.stdout += done.stdout + done.stderr
        for line in self.files["GITHUB_OUTPUT"].read_text().splitlines():
            name, _, value = line.partition("=")
            self.outputs[f"steps.{step['id']}.outputs.{name}"] = value
        return done.returncode

    def output(self, name: str) -> str:
        """An output of the action."""
        return self._filled(ACTION["outputs"][name]["value"])

    def calls(self) -> list[dict[str, Any]]:
        """What ``gh`` was called with."""
        log = self.folder / "gh.log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository whose branch ``change`` makes the one DAG file slower, with the merge that
    GitHub would make of it.
    """
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    pyproject = f'[tool.dagprof]\npython = "{TARGET}"\n'
    write(folder, {"dags/a.py": dag("a"), "pyproject.toml": pyproject})
    _commit(folder, "one")
    git(folder, "checkout", "-q", "-b", "change")
    write(folder, {"dags/a.py": dag("a", "import time\ntime.sleep(1.5)\n")})
    _commit(folder, "slower")
    git(folder, "checkout", "-q", "main")
    write(folder, {"notes.md": "other people's work\n"})
    _commit(folder, "two")
    git(folder, "checkout", "-q", "-b", "merged")
    git(folder, "merge", "-q", "--no-edit", "change")
    git(folder, "checkout", "-q", "main")
    return folder


def _commit(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def checkout(origin: Path, branch: str) -> Path:
    """A clone as actions/checkout makes it: one commit deep."""
    folder = origin.parent / "workspace"
    git(
        origin.parent,
        "clone",
        "-q",
        "--depth",
        "1",
        "--branch",
        branch,
        origin.as_uri(),
        str(folder),
    )
    return folder


@pytest.fixture
def runner(tmp_path: Path, origin: Path) -> Runner:
    """A job of the pull request that makes the file slower."""
    (tmp_path / "runner").mkdir()
    runner = Runner(tmp_path / "runner", checkout(origin, "merged"))
    runner.event = {
        "pull_request": {"number": 7, "base": {"sha": git(origin, "rev-parse", "main^")}}
    }
    return runner


def test_no_expression_stands_in_a_script() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", "")
        assert ("run" in step) == (step.get("shell") == "bash")


def test_actions_of_others_have_a_pinned_major_version() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert len(used) == 2
    assert all(re.fullmatch(r"[\w./-]+@v\d+", name) for name in used)


def test_a_pull_request_that_makes_a_file_slower_fails(runner: Runner, origin: Path) -> None:
    assert runner.run() == 1, runner.stdout
    assert runner.output("decision") == "failed"
    assert runner.output("exit-code") == "1"
    assert runner.outputs["steps.base.outputs.revision"] == git(origin, "rev-parse", "main")
    assert "a.py" in runner.files["GITHUB_STEP_SUMMARY"].read_text()
    assert all(Path(runner.output(name)).is_file() for name in ("markdown", "sarif", "junit"))
    assert "::error" in runner.stdout
    listed, written = runner.calls()
    assert "repos/some/where/issues/7/comments" in listed["arguments"]
    assert written["arguments"][:5] == [
        "api",
        "--silent",
        "--method",
        "POST",
        "repos/some/where/issues/7/comments",
    ]
    assert written["token"] == "secret"
    assert written["body"].startswith(MARKER + "\n")
    assert written["body"].count(MARKER) == 1
    upload = runner.used[-1]
    assert upload["sarif_file"] == runner.output("sarif")


def test_dagprof_is_installed_from_the_action_itself(runner: Runner) -> None:
    runner.run(comment="false", sarif="false")
    told = (runner.folder / "pip.log").read_text().splitlines()
    assert told == [
        "-m pip cache dir",
        f"-m pip install --quiet --disable-pip-version-check {ROOT}",
    ]
    (cache,) = runner.used
    assert cache["path"] == "/cache"
    assert re.fullmatch(r"dagprof-Linux-X64-3\.\d+\.\d+-[0-9a-f]{64}", cache["key"])
    assert runner.calls() == []


def test_a_later_push_updates_the_comment(runner: Runner) -> None:
    (runner.folder / "comments").write_text("41\n42\n")
    runner.run(install="false")
    assert runner.calls()[-1]["arguments"][:5] == [
        "api",
        "--silent",
        "--method",
        "PATCH",
        "repos/some/where/issues/comments/41",
    ]


def test_a_long_report_is_cut_to_what_a_comment_holds(runner: Runner) -> None:
    runner.run(install="false", comment="false")
    report = runner.folder / "long.md"
    report.write_text(f"{MARKER}\n" + "one more DAG file that became slower\n" * 5000)
    runner.outputs["steps.gate.outputs.markdown"] = str(report)
    (step,) = (step for step in STEPS if step.get("name") == "Comment on the pull request")
    assert runner._shell(step) == 0, runner.stdout
    body = runner.calls()[-1]["body"]
    assert 59_000 < len(body) < 65_536
    assert body.endswith("slower\n\nThe rest is in the job summary.\n")


def test_a_token_that_may_only_read_costs_the_comment_alone(runner: Runner) -> None:
    (runner.folder / "denied").touch()
    assert runner.run(install="false", fail_on="never") == 0, runner.stdout
    assert "::warning title=dagprof::Cannot write the comment" in runner.stdout
    assert runner.output("decision") == "failed"


def test_a_branch_that_was_checked_out_is_compared_with_where_it_began(
    tmp_path: Path, origin: Path
) -> None:
    (tmp_path / "runner").mkdir()
    runner = Runner(tmp_path / "runner", checkout(origin, "change"))
    runner.event = {
        "pull_request": {"number": 7, "base": {"sha": git(origin, "rev-parse", "main")}}
    }
    assert runner.run(install="false", comment="false") == 1, runner.stdout
    assert runner.outputs["steps.base.outputs.revision"] == git(origin, "rev-parse", "main^")


def test_a_push_is_compared_with_what_was_there(tmp_path: Path, origin: Path) -> None:
    (tmp_path / "runner").mkdir()
    runner = Runner(tmp_path / "runner", checkout(origin, "main"))
    runner.event = {"before": git(origin, "rev-parse", "main^")}
    assert runner.run(install="false") == 0, runner.stdout
    assert runner.output("decision") == "passed"
    assert runner.calls() == []


def test_a_revision_that_is_a_command_is_not_run(runner: Runner) -> None:
    for revision in ("$(touch broken)", "; touch broken", "--upload-pack=touch broken"):
        assert runner.run(install="false", against=revision) == 2
        assert "::error title=dagprof::" in runner.stdout
    assert (
        runner.run(install="false", paths="dags; touch broken\n$(touch broken)", against="HEAD")
        != 0
    )
    assert not (runner.workspace / "broken").exists()


def test_a_gate_that_cannot_run_fails_whatever_is_asked(runner: Runner) -> None:
    assert runner.run(install="false", fail_on="never", against="HEAD", paths="nowhere") == 2
    assert runner.run(install="false", fail_on="sometimes", against="HEAD") == 2
