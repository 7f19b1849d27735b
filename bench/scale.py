"""Measure how scans scale: the memory of the dagprof process itself and the size of run.json.

python bench/scale.py [CASE ...]

CASE is dags, tasks, modules or files; the default is all four. ``files:10000`` writes so many files
instead of a thousand. The scans run as commands. The peak
is that of the command's own process. It excludes the measuring processes, its children, because
their memory depends on the DAG files.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from common import environment, machine

import dagprof

HEAD = "import datetime\nfrom airflow import DAG\n"
START = "start_date=datetime.datetime(2024, 1, 1), schedule=None"
# Runs the command line in this process and writes its own peak, in KiB, to a file.
COMMAND = """
import sys
from dagprof.cli import main
code = main(sys.argv[2:])
with open(sys.argv[1], "w") as stream:
    stream.write(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
sys.exit(code)
"""


def many_dags(folder: Path) -> None:
    """One file that makes 700 DAGs."""
    loop = (
        f"for number in range(700):\n    globals()[f'd{{number}}'] = DAG(f'd{{number}}', {START})\n"
    )
    (folder / "many_dags.py").write_text(HEAD + loop)


def many_tasks(folder: Path) -> None:
    """One DAG with 2,000 tasks."""
    text = (
        "try:\n    from airflow.providers.standard.operators.empty import EmptyOperator\n"
        "except ImportError:\n    from airflow.operators.empty import EmptyOperator\n"
        f"with DAG('tasks', {START}):\n"
        "    before = EmptyOperator(task_id='t0')\n"
        "    for number in range(1, 2000):\n"
        "        task = EmptyOperator(task_id=f't{number}')\n"
        "        before >> task\n"
        "        before = task\n"
    )
    (folder / "many_tasks.py").write_text(HEAD + text)


def many_modules(folder: Path) -> None:
    """One parse that loads 3,000 modules: a tree in which each module imports ten others and one
    of a hundred shared modules.
    """
    package = folder / "modules"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for number in range(100):
        (package / f"shared{number}.py").write_text("value = 1\n")
    for number in range(2900):
        below = [10 * number + inner for inner in range(1, 11) if 10 * number + inner < 2900]
        lines = [
            f"from modules import shared{number % 100}",
            *(f"from modules import m{other}" for other in below),
        ]
        (package / f"m{number}.py").write_text("\n".join([*lines, "value = 1", ""]))
    (folder / "many_modules.py").write_text(
        "import modules.m0\n" + HEAD + f"with DAG('modules', {START}):\n    pass\n"
    )


def many_files(folder: Path, number_of_files: int = 1000) -> None:
    """A thousand files. Each imports some of 200 helper modules, which import one another."""
    choose = random.Random(1)
    for number in range(200):
        lines = [f"import pool_{other}" for other in choose.sample(range(number), min(3, number))]
        (folder / f"pool_{number}.py").write_text(
            "\n".join([*lines, "import time", "time.sleep(0.001)", ""])
        )
    for number in range(number_of_files):
        lines = [f"import pool_{other}" for other in choose.sample(range(200), 8)]
        text = "\n".join(lines) + "\n" + HEAD + f"with DAG('file_{number}', {START}):\n    pass\n"
        (folder / f"file_{number}.py").write_text(text)


CASES: dict[str, Callable[[Path], None]] = {
    "dags": many_dags,
    "tasks": many_tasks,
    "modules": many_modules,
    "files": many_files,
}


def scan(folder: Path, output: Path, depth: str) -> tuple[int, float, float]:
    """Run ``dagprof scan`` and return its exit code, wall seconds and peak MiB."""
    peak = output / "peak"
    output.mkdir()
    command = [
        sys.executable,
        "-c",
        COMMAND,
        str(peak),
        "scan",
        str(folder),
        "--depth",
        depth,
        "-o",
        str(output / "run"),
    ]
    env = {
        **environment(Path("/nonexistent")),
        "PYTHONPATH": str(Path(dagprof.__file__).parent.parent),
    }
    del env["AIRFLOW_HOME"]
    began = time.perf_counter()
    done = subprocess.run([*command, "--quiet"], env=env, check=False)
    return done.returncode, time.perf_counter() - began, int(peak.read_text()) / 1024


def main(names: list[str]) -> None:
    print(f"{machine()}\n")
    print(
        "| case | depth | exit | wall | dagprof's peak | run.json | report.html | status"
        " |\n|---|---|---|---|---|---|---|---|"
    )
    for name in names or CASES:
        with tempfile.TemporaryDirectory(prefix="bench-scale-") as temporary:
            folder = Path(temporary) / "dags"
            folder.mkdir()
            case, _, number = name.partition(":")
            if number:
                many_files(folder, int(number))
            else:
                CASES[case](folder)
            for depth in ("normal", "full") if name in ("dags", "tasks") else ("normal",):
                output = Path(temporary) / depth
                code, seconds, peak = scan(folder, output, depth)
                run = dagprof.load(output / "run" / "run.json")
                statuses = ", ".join(sorted({file.status.value for file in run.files}))
                sizes = [
                    os.path.getsize(output / "run" / file) / 2**20
                    for file in ("run.json", "report.html")
                ]
                print(
                    f"| {name} | {depth} | {code} | {seconds:.0f} s | {peak:.0f} MiB |"
                    f" {sizes[0]:.1f} MiB | {sizes[1]:.1f} MiB | {statuses} |",
                    flush=True,
                )
    print(f"\nThis process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB.")


if __name__ == "__main__":
    main(sys.argv[1:])
