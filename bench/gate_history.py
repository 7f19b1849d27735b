"""Run the gate on real history: the last commits that touched DAG files, each against its parent.

    python bench/gate_history.py REPOSITORY DAGS [--commits N] [--python PYTHON]
        [--path FOLDER ...] [-- GATE OPTIONS]

REPOSITORY is a git repository, on disk or elsewhere. DAGS is the DAG folder in it. The script
clones the repository, checks out each commit in turn, and runs ``dagprof gate DAGS --against
HEAD~1`` there. It stores the verdicts in --keep and does not measure stored commits again. The last
column of the table is empty, for the person who judges the verdicts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from common import BIN, machine

# Longest message of a finding in a table cell, in characters.
_WIDEST = 300


class Commit(NamedTuple):
    """A commit that touched DAG files, with its date."""

    sha: str
    day: str
    subject: str


def main() -> None:
    arguments = _arguments()
    keep = Path(arguments.keep).absolute()
    keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gate-history-") as scratch:
        clone = Path(scratch) / "repository"
        subprocess.run(
            ["git", "clone", "--quiet", "--no-checkout", arguments.repository, str(clone)],
            check=True,
        )
        found = commits(clone, arguments.dags, arguments.commits)
        for number, commit in enumerate(found, 1):
            file = keep / f"{commit.sha}.json"
            if not file.exists():
                print(f"{number} of {len(found)}: {commit.sha[:10]}", file=sys.stderr, flush=True)
                file.write_text(
                    json.dumps(judged(clone, commit, arguments, keep)), encoding="utf-8"
                )
        rows = [
            (commit, json.loads((keep / f"{commit.sha}.json").read_text(encoding="utf-8")))
            for commit in found
        ]
    print(table(rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repository")
    parser.add_argument("dags")
    parser.add_argument("--commits", type=int, default=40)
    parser.add_argument(
        "--python", default=sys.executable, help="the interpreter with the repository's packages"
    )
    parser.add_argument(
        "--path", action="append", default=[], help="a folder of the repository for PYTHONPATH"
    )
    parser.add_argument("--plugins", help="the plugins folder in the repository")
    parser.add_argument("--keep", default="gate-history", help="where the verdicts go")
    given = sys.argv[1:]
    own = (
        given[: given.index("--")] if "--" in given else given
    )  # paths below are relative to the repository
    return parser.parse_args(own, argparse.Namespace(gate=given[len(own) + 1 :]))


def commits(clone: Path, dags: str, number: int) -> list[Commit]:
    """List the last commits with one parent that touched Python files of the DAG folder, newest
    first.
    """
    pattern = f":(glob){dags.rstrip('/')}/**/*.py"
    listed = _git(
        clone,
        "log",
        "--no-merges",
        "--min-parents=1",
        f"-{number}",
        "--format=%H%x09%cs%x09%s",
        "--",
        pattern,
    )
    return [Commit(*line.split("\t", 2)) for line in listed.splitlines()]


def judged(
    clone: Path, commit: Commit, arguments: argparse.Namespace, keep: Path
) -> dict[str, Any]:
    """Check out the commit and return the exit code, the verdict and the standard error of the
    gate.
    """
    _git(clone, "checkout", "--quiet", "--force", "--detach", commit.sha)
    _git(clone, "clean", "-fdqx")
    reports = keep / commit.sha[:10]
    command = [str(BIN / "dagprof"), "gate", arguments.dags, "--against", "HEAD~1", "--quiet"]
    command += [
        "--python",
        os.path.abspath(arguments.python),
        "--output-dir",
        str(reports),
        *arguments.gate,
    ]
    environment = _environment(clone, arguments)
    done = subprocess.run(
        command, cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    verdict = reports / "gate.json"
    return {
        "exit_code": done.returncode,
        "stderr": done.stderr[-2000:],
        "verdict": json.loads(verdict.read_text(encoding="utf-8")) if verdict.exists() else None,
    }


def _environment(clone: Path, arguments: argparse.Namespace) -> dict[str, str]:
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    if arguments.path:
        environment["PYTHONPATH"] = os.pathsep.join(
            str(clone / folder) for folder in arguments.path
        )
    if arguments.plugins:
        environment["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(clone / arguments.plugins)
    return environment


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def table(rows: list[tuple[Commit, Mapping[str, Any]]]) -> str:
    """Format the verdicts as a Markdown table."""
    lines = [
        machine(),
        "",
        "| commit | day | exit code | measured | what it says | right? |",
        "|---|---|---|---|---|---|",
    ]
    for commit, told in rows:
        verdict = told["verdict"] or {}
        cells = [
            commit.sha[:10],
            commit.day,
            str(told["exit_code"]),
            _measured(verdict),
            "<br>".join(map(_cell, _sayings(told))),
            "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _measured(verdict: Mapping[str, Any]) -> str:
    outcomes = [file["outcome"] for file in verdict.get("files", ())]
    return ", ".join(f"{outcomes.count(each)} {each}" for each in dict.fromkeys(outcomes)) or "-"


def _sayings(told: Mapping[str, Any]) -> list[str]:
    """Return the decision with its reasons, or the last line of the message if the run failed."""
    verdict = told["verdict"]
    if verdict is None:
        return told["stderr"].strip().splitlines()[-1:]
    found = [
        *verdict.get("findings", ()),
        *(each for file in verdict.get("files", ()) for each in file.get("findings", ())),
    ]
    said = [
        f"{each['rule']} ({each['level']}) {each['file']}:{each['line']} {each['message']}"
        for each in found
    ]
    notes = [f"note: {text}" for file in verdict.get("files", ()) for text in file.get("notes", ())]
    faster = [
        f"faster: {file['reason']}"
        for file in verdict.get("files", ())
        if file["outcome"] == "improvement"
    ]
    return [verdict["decision"], *said, *faster, *notes]


def _cell(text: str) -> str:
    shown = " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"


if __name__ == "__main__":
    main()
