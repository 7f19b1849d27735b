"""The gate on a helper that hundreds of DAG files load: first 30 ms slower, then changed without an
effect on the time.

    python bench/gate_helper.py [--files N] [--runs N] [--budget S] [--python PATH]

The DAG files import the helper in four ways: directly, from a package, through another helper, and
inside a function that they call. The first run must fail and name the line of the helper. Each of
the other runs must pass. The table shows the number of measured files and the duration.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import BIN, commit, environment, machine, temporary_home

WAYS = (
    "import helper",
    "from pieces import helper_again",
    "import between",
    "def load():\n    import helper\n    return helper\nload()",
)
DAG = """import datetime
from airflow import DAG
{way}
with DAG("dag_{number}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    pass
"""
HELPER = """import time

LABEL = {label!r}


def spend(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


spend({seconds})
"""


def write(folder: Path, files: int) -> None:
    (folder / "pieces").mkdir(parents=True)
    (folder / "pieces" / "__init__.py").write_text("")
    (folder / "pieces" / "helper_again.py").write_text("from helper import LABEL\n")
    (folder / "between.py").write_text("import helper\n")
    (folder / ".airflowignore").write_text("helper.py\nbetween.py\npieces\n")
    for number in range(files):
        text = DAG.format(way=WAYS[number % len(WAYS)], number=number)
        (folder / f"dag_{number:04}.py").write_text(text)


def gate(repository: Path, env: dict[str, str], options: argparse.Namespace) -> str:
    began = time.perf_counter()
    done = subprocess.run(
        [
            BIN / "dagprof",
            "gate",
            "dags",
            "--against",
            "HEAD",
            "-q",
            "-o",
            "out",
            "--python",
            options.python,
            "--time-budget",
            f"{options.budget}s",
        ],
        cwd=repository,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - began
    file = repository / "out" / "gate.json"
    if not file.exists():
        return f"exit code {done.returncode}, {took:.1f} s: {done.stderr[-500:]}"
    verdict = json.loads(file.read_text())
    findings = [found for each in verdict["files"] for found in each.get("findings", ())]
    file.unlink()
    return (
        f"exit code {done.returncode}, {took:.1f} s, {len(verdict['files'])} files measured,"
        f" {verdict.get('left_out', 0)} left out; {verdict['reason']}"
        f" First of {len(findings)} findings: {json.dumps(findings[:1])[:400]}"
    )


def main(options: argparse.Namespace) -> None:
    print(f"{machine()}; {options.files} files, budget {options.budget} s")
    with temporary_home() as home, tempfile.TemporaryDirectory(prefix="bench-helper-") as name:
        repository = Path(name)
        folder = repository / "dags"
        write(folder, options.files)
        helper = folder / "helper.py"
        helper.write_text(HELPER.format(label="v0", seconds=0.02))
        commit(repository)
        env = environment(home)
        del env["AIRFLOW_HOME"]
        helper.write_text(HELPER.format(label="v0", seconds=0.05))
        print("30 ms slower:", gate(repository, env, options), flush=True)
        for number in range(options.runs):
            helper.write_text(HELPER.format(label=f"v{number + 1}", seconds=0.02))
            print("unchanged time:", gate(repository, env, options), flush=True)


if __name__ == "__main__":
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--files", type=int, default=300)
    reader.add_argument("--runs", type=int, default=20)
    reader.add_argument("--budget", type=int, default=120)
    reader.add_argument("--python", default=sys.executable)
    main(reader.parse_args())
