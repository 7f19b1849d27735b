"""Check whether installing dagprof next to an Airflow would change an installed package.

    python bench/install_dry_run.py

Each list in constraints/bare/ contains an Airflow and its dependencies, but none of dagprof's. The
script makes a temporary environment from each list and asks uv and pip what `install .` would do
there. It prints a Markdown table of the additions. Exit code 0: only additions. 1: an installed
package would be changed or removed. 2: an environment could not be made.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LISTS = ROOT / "constraints" / "bare"
LIST_NAME = re.compile(r"airflow-(?P<airflow>[\d.]+)-py(?P<python>[\d.]+)\.txt")
UV_LINE = re.compile(r"^ (?P<sign>[-+~]) (?P<name>[\w.-]+)(==(?P<version>\S+))?", re.MULTILINE)

Packages = dict[str, str]  # normalised name -> version


@dataclasses.dataclass(frozen=True)
class Answer:
    """What one installer would do: packages to add, and installed packages to change or remove."""

    added: Packages
    touched: Packages


@dataclasses.dataclass(frozen=True)
class Row:
    """One Airflow, and the answers of both installers."""

    airflow: str
    python: str
    installed: int
    answers: dict[str, Answer]


def main() -> int:
    """Check every list, print the table and any problems."""
    rows, failures = [], []
    with tempfile.TemporaryDirectory(prefix="dagprof-dry-run-") as scratch:
        for number, file in enumerate(sorted(LISTS.glob("airflow-*.txt"), key=_version)):
            try:
                rows.append(_check(file, Path(scratch) / str(number)))
            except subprocess.CalledProcessError as error:
                failures.append(
                    f"{file.name}: {' '.join(map(str, error.cmd[:4]))} … failed:\n{error.stderr}"
                )
    print(_table(rows))
    touched = [
        _complaint(row, name) for row in rows for name in row.answers if row.answers[name].touched
    ]
    for text in failures + touched:
        print(text, file=sys.stderr)
    if failures or not rows:
        return 2
    return 1 if touched else 0


def _version(file: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", file.stem)]


def _check(file: Path, folder: Path) -> Row:
    name = LIST_NAME.fullmatch(file.name)
    if name is None:
        raise SystemExit(f"{file.name} is not named airflow-VERSION-pyVERSION.txt")
    _run("uv", "venv", "--quiet", "--seed", "--python", name["python"], folder)
    python = folder / "bin" / "python"
    _run("uv", "pip", "install", "--quiet", "--python", python, "--requirements", file)
    listed = json.loads(_run("uv", "pip", "list", "--python", python, "--format", "json"))
    installed = {_normalised(package["name"]): package["version"] for package in listed}
    answers = {"pip": _ask_pip(python, installed), "uv": _ask_uv(python, installed)}
    return Row(
        airflow=name["airflow"], python=name["python"], installed=len(installed), answers=answers
    )


def _ask_pip(python: Path, installed: Packages) -> Answer:
    report = json.loads(
        _run(python, "-m", "pip", "install", "--dry-run", "--quiet", "--report", "-", ROOT)
    )
    wanted = {
        _normalised(item["metadata"]["name"]): item["metadata"]["version"]
        for item in report["install"]
    }
    return _answer(wanted, installed)


def _ask_uv(python: Path, installed: Packages) -> Answer:
    said = _run("uv", "pip", "install", "--dry-run", "--color", "never", "--python", python, ROOT)
    found = {
        _normalised(line["name"]): (
            "removed" if line["sign"] == "-" else line["version"] or "from here"
        )
        for line in sorted(UV_LINE.finditer(said), key=lambda line: line["sign"], reverse=True)
    }
    if "dagprof" not in found:
        raise SystemExit(f"uv's answer cannot be read:\n{said}")
    return _answer(found, installed)


def _answer(wanted: Packages, installed: Packages) -> Answer:
    return Answer(
        added={
            name: version for name, version in wanted.items() if name not in {*installed, "dagprof"}
        },
        touched={
            name: f"{installed[name]} → {version}"
            for name, version in wanted.items()
            if name in installed
        },
    )


def _table(rows: list[Row]) -> str:
    lines = [
        "| Airflow | Python | packages installed | changed or removed | added, besides dagprof |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        touched = sorted({name for answer in row.answers.values() for name in answer.touched})
        kept = ", ".join(touched) or "none"
        lines.append(
            f"| {row.airflow} | {row.python} | {row.installed} | {kept} |"
            f" {_additions(row.answers)} |"
        )
    return "\n".join(lines)


def _additions(answers: dict[str, Answer]) -> str:
    texts = {name: _listed(answer.added) for name, answer in answers.items()}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return "; ".join(f"{name}: {text}" for name, text in texts.items())


def _listed(packages: Packages) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(packages.items()))


def _complaint(row: Row, installer: str) -> str:
    changes = ", ".join(
        f"{name} {change}" for name, change in row.answers[installer].touched.items()
    )
    return f"Airflow {row.airflow} on Python {row.python}: {installer} would change {changes}."


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _run(*command: str | Path) -> str:
    """Return standard output, for uv also standard error, where it prints its answer."""
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=_environment())
    return done.stdout if done.stdout.strip() else done.stderr


def _environment() -> dict[str, str]:
    """Return the current environment, with pyenv's interpreters last on PATH and no active
    virtual environment.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [str(folder) for folder in sorted(pyenv.glob("versions/*/bin"))]
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return environment | {"PATH": os.pathsep.join([environment.get("PATH", os.defpath), *found])}


if __name__ == "__main__":
    raise SystemExit(main())
