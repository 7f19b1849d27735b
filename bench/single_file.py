"""Check that one file takes as long in ``explain``, ``gate`` and pytest as in the scan of its whole
folder.

    python bench/single_file.py [--python PATH]

``a.py`` imports a helper that imports an operator. Only ``b.py`` names that operator's module
itself. In the processor the module is free for both files after one round, so it must be free
whatever is measured. The script needs dagprof, pytest and git, and an Airflow with the google
provider in ``--python``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from common import environment, machine

import dagprof

OPERATOR = "from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator"
DAG = """import datetime
from airflow import DAG
{imports}
sum(number * number for number in range(400_000))
with DAG("{name}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    pass
"""


def run(arguments: list[str], where: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        arguments, cwd=where, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def own_ms(run_file: Path, path: str) -> float:
    (file,) = [file for file in dagprof.load(run_file).files if file.path == path]
    return statistics.median(file.samples.own_ms)


def measured(where: Path, python: str, env: dict[str, str]) -> dict[str, float]:
    """Return the milliseconds of ``a.py`` by command, without waiting for a processor if the
    command reports that.
    """
    tool = [sys.executable, "-m", "dagprof"]
    root = ["--python", python, "--bundle-root", "dags"]
    found = {}
    run([*tool, "scan", "dags", "--python", python, "-q", "-o", "out"], where, env)
    found["scan dags/"] = own_ms(where / "out" / "run.json", "a.py")
    run([*tool, "scan", "dags/a.py", *root, "-q", "-o", "alone"], where, env)
    found["scan dags/a.py"] = own_ms(where / "alone" / "run.json", "a.py")
    text = run([*tool, "explain", "dags/a.py", *root, "--depth", "quick", "-q"], where, env)
    match = re.search(r"([\d.]+) (ms|s) ", text)
    assert match, text
    found["explain dags/a.py"] = float(match[1]) * (1000 if match[2] == "s" else 1)
    run([*tool, "gate", "dags", "--against", "HEAD", "--python", python, "-o", "gate"], where, env)
    found["gate dags/"] = own_ms(where / "gate" / "gate-head.json", "a.py")
    pytest = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--dagprof",
        "dags",
        "dags/a.py",
        "--junitxml=out.xml",
    ]
    run(
        pytest, where, {**env, "DAGPROF_PYTHON": python, "DAGPROF_BUNDLE_ROOT": str(where / "dags")}
    )
    (value,) = [
        node.get("value")
        for node in ElementTree.parse(where / "out.xml").iter("property")
        if node.get("name") == "parse_ms"
    ]
    found["pytest dags/a.py"] = float(value or "nan")
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", default=sys.executable)
    python = os.path.abspath(parser.parse_args().python)
    with tempfile.TemporaryDirectory(prefix="bench-single-") as name:
        where = Path(name)
        (where / "dags" / "common").mkdir(parents=True)
        (where / "dags" / "common" / "operators.py").write_text(OPERATOR + "\n", encoding="utf-8")
        for file, imports in (
            ("a", "from common.operators import BigQueryInsertJobOperator"),
            ("b", OPERATOR),
        ):
            (where / "dags" / f"{file}.py").write_text(
                DAG.format(name=file, imports=imports), encoding="utf-8"
            )
        env = environment(where)
        del env["AIRFLOW_HOME"]
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
        for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "base"]):
            run(["git", *arguments], where, env)
        with (where / "dags" / "a.py").open("a", encoding="utf-8") as stream:
            stream.write("CHANGED = 1\n")
        found = measured(where, python, env)
    reference = found["scan dags/"]
    print(machine())
    for command, value in found.items():
        print(f"| `{command}` | {value:.0f} ms | {value / reference - 1:+.1%} |")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
