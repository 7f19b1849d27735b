"""Check that a change of the code does not change dagprof's output: ten fixed runs, before and
after.

    python bench/same_output.py record BEFORE                    # with the old code
    python bench/same_output.py record AFTER --stored BEFORE     # with the new code
    python bench/same_output.py compare BEFORE AFTER

``record`` measures ten fixed runs and renders every stored Run in every format. With ``--stored``
it renders the Runs of the other folder. Then both versions render the same Runs, and their texts
must be equal to the byte. Measured values differ from one run to the next. For these outputs
``compare`` removes the times, sizes and addresses, and compares the set of lines without their
order and number.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from common import BIN, EXAMPLES, airflow_examples, environment

# Values that belong to one measurement. The endings of names are units.
VARIES = re.compile(
    r"(_ms|_us|_s|_kib|_mib|_bytes|_at|_id|_share)$|^(samples|wall_s|stdout|stderr|stacks|queued|machine"
    r"|cpu_model|scale|stack|created|cost|reference|git|sha256|base_samples_ms|head_samples_ms|settled|pid|doubts|experiments)$"
)
NUMBER = re.compile(r"0x[0-9a-f]+|\d+")

DAG = """import datetime

from airflow import DAG
{imports}
with DAG("{name}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    pass
"""
NEEDY = """import datetime, os
from airflow import DAG
from airflow.models import Variable
url = os.environ["SALES_URL"]
with DAG("needy", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    {}[Variable.get("sales_table")]
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Compare dagprof's output before and after a change."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record")
    recording.add_argument("folder", type=Path)
    recording.add_argument("--stored", type=Path)
    recording.add_argument(
        "--python", default=sys.executable, help="the interpreter to measure, the same for both"
    )
    comparing = commands.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    options = parser.parse_args()
    if options.command == "compare":
        sys.exit(compare(options.before, options.after))
    record(options.folder.resolve(), (options.stored or options.folder).resolve(), options.python)


def record(folder: Path, stored: Path, python: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # Both versions use the same paths, because Runs hold them.
    inputs = folder.parent / "same-output-inputs"
    shutil.rmtree(inputs, ignore_errors=True)
    for name, arguments in runs(inputs):
        dagprof(folder / name, *arguments, "--output-dir", str(folder / name), "--python", python)
    for name, arguments in renderings(stored):
        place = folder / "rendered" / name
        dagprof(
            place, *(str(place / "page.html") if each == "PAGE" else each for each in arguments)
        )


def runs(inputs: Path) -> Iterator[tuple[str, list[str]]]:
    """The ten runs: name and command line. Their inputs are made on the way."""
    examples = inputs / "examples"
    shutil.copytree(EXAMPLES, examples)
    yield "quick", ["scan", str(examples), "--depth", "quick", "--repeat", "3"]
    yield "normal", ["scan", str(examples)]
    yield "full", ["scan", str(examples), "--depth", "full"]
    yield "airflow", ["scan", str(airflow_examples()), "--repeat", "3"]
    repository = inputs / "repository"
    write(repository / "plugins/helper.py", "import decimal\n")
    write(repository / "dags/a.py", DAG.format(name="a", imports="import helper"))
    write(repository / "dags/b.py", DAG.format(name="b", imports="import pandas\nimport numpy"))
    write(repository / ".env", "AIRFLOW_VAR_TABLE=sales\n")
    yield "project", ["scan", str(repository / "dags")]
    write(inputs / "needy/needy.py", NEEDY)
    yield "needy", ["scan", str(inputs / "needy")]
    git(repository, "init", "-q", "-b", "main")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "base")
    yield (
        "baseline",
        ["scan", str(repository / "dags"), "--save-baseline", str(repository / "baseline.json")],
    )
    write(repository / "dags/a.py", DAG.format(name="a", imports="import helper\nimport pandas"))
    write(repository / "dags/c.py", DAG.format(name="c", imports="import nowhere"))
    yield "gate", ["gate", str(repository / "dags"), "--against", "main"]
    yield (
        "gate-baseline",
        ["gate", str(repository / "dags"), "--baseline", str(repository / "baseline.json")],
    )
    yield "judged", ["scan", str(repository / "dags"), "--baseline", str(repository / "baseline.json"),
                     "--fail-on-regression", "30%", "--fail-on", "import-error"]  # fmt: skip


def renderings(stored: Path) -> Iterator[tuple[str, list[str]]]:
    """Every stored Run in every format: name and command line, with PAGE for the file to write."""
    for run in sorted(stored.glob("*/run.json")):
        name = run.parent.name
        yield f"{name}.html", ["report", str(run), "-o", "PAGE"]
        yield f"{name}.md", ["report", str(run), "-o", "-", "--format", "markdown"]
        for file in json.loads(run.read_text())["files"][:5]:
            yield (
                f"{name}-{file['path'].replace('/', '_')}.txt",
                ["explain", file["path"], "--run", str(run)],
            )
    yield (
        "compared.txt",
        ["compare", str(stored / "baseline/run.json"), str(stored / "judged/run.json")],
    )
    yield "compared.html", ["report", str(stored / "judged/run.json"), "--baseline",
                            str(stored / "baseline/run.json"), "-o", "PAGE"]  # fmt: skip


def dagprof(folder: Path, *arguments: str) -> None:
    """Run the command and keep what it printed and its exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    env = environment(folder / "home", COLUMNS="120", NO_COLOR="1")
    del env["AIRFLOW_HOME"]
    done = subprocess.run(
        [BIN / "dagprof", *arguments], env=env, capture_output=True, text=True, check=False
    )
    write(folder / "stdout.txt", done.stdout)
    write(folder / "stderr.txt", f"exit code {done.returncode}\n{done.stderr}")


def compare(before: Path, after: Path) -> int:
    """Print what differs, and return how many outputs do."""
    differing = 0
    for old in sorted(
        path for path in before.rglob("*") if path.is_file() and "/home/" not in str(path)
    ):
        name = old.relative_to(before)
        new = after / name
        is_rendered = name.parts[0] == "rendered"
        if old.suffix not in (".txt", ".json") and not is_rendered:
            continue  # pages of measured Runs hold times; pages of stored Runs are compared
        texts = [
            plain(path, is_rendered=is_rendered) if path.exists() else ["missing"]
            for path in (old, new)
        ]
        lines = [
            line
            for line in difflib.unified_diff(*texts, lineterm="", n=0)
            if not line.startswith(("---", "+++", "@@"))
        ]
        if lines:
            differing += 1
            print(f"{name}: {len(lines)} lines differ")
            print(*(f"    {line[:200]}" for line in lines[:12]), sep="\n")
    print(f"{differing} outputs differ")
    return 1 if differing else 0


def plain(path: Path, *, is_rendered: bool) -> list[str]:
    """Return the text that must be equal. A rendered text is complete; a measured one is without
    varying values, and sorted.
    """
    text = path.read_text(encoding="utf-8")
    if is_rendered:
        return [line for line in text.splitlines() if str(path.parent) not in line]
    if path.suffix == ".json":
        return sorted(set(flat(json.loads(text), "")))
    return sorted({NUMBER.sub("#", line).strip() for line in text.splitlines()})


def flat(value: object, where: str) -> Iterator[str]:
    """Return one line for each constant leaf of a JSON document."""
    if isinstance(value, dict):
        for name, each in value.items():
            if not VARIES.search(name):
                yield from flat(each, f"{where}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from flat(each, where + "[]")
    else:
        number = isinstance(value, float) or (
            isinstance(value, int) and not isinstance(value, bool)
        )
        yield f"{where} = {'#' if number else NUMBER.sub('#', str(value))}"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def git(repository: Path, *arguments: str) -> None:
    who = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
    subprocess.run(["git", *who, *arguments], cwd=repository, check=True, capture_output=True)


if __name__ == "__main__":
    main()
