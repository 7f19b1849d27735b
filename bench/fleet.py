"""Compare scans of large folders: with shared layers, in full isolation, and one process that reads
all files (``airflow dags report``).

    python bench/fleet.py [--files N] [--only-pandas] [--folder DAGS] [--python PATH] [--rounds N]
        [--depth DEPTH] [--without-strict]

By default, N DAG files import pandas, clients of Google, boto3, Kubernetes, sentry_sdk and
sqlalchemy, in proportions as in the folders of teams: many files with a light operator, some with a
heavy client, few with several. ``--folder`` measures DAG files of your own instead. The table has
the wall time of each command, relative to ``airflow dags report``. After it come the differences
between composed and isolated parse times.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from pathlib import Path

from common import BIN, environment, machine, seconds, shown, temporary_home
from fidelity import ranks

import dagprof
from dagprof.analyse.fleet import Fleet
from dagprof.model import COMPOSED, Run

DAG = """
import datetime
from airflow import DAG
{imports}
sum(number * number for number in range({steps}))
with DAG("fleet_{number}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    pass
"""
# The imports, and how many of 100 files have them.
SHARES = [
    ("import sqlalchemy", 25),
    ("import pandas", 22),
    ("from google.cloud import storage, bigquery", 14),
    ("import boto3", 12),
    ("import kubernetes.client", 7),
    ("import sentry_sdk", 10),
    ("import pandas\nfrom google.cloud import bigquery", 6),
    ("import boto3, pandas, sentry_sdk", 4),
]
# Composed and isolated times are close within this share or these ms.
CLOSE_SHARE, CLOSE_MS = 0.1, 15.0


def generated(where: Path, files: int, *, only_pandas: bool) -> Path:
    """Write the DAG files, the same in each run."""
    chooser = random.Random(16)
    lines, weights = zip(*SHARES, strict=True)
    for number in range(files):
        imports = "import pandas" if only_pandas else chooser.choices(lines, weights)[0]
        steps = chooser.randrange(1_000, 120_000)
        text = DAG.format(imports=imports, steps=steps, number=number)
        (where / f"fleet_{number:04d}.py").write_text(text, encoding="utf-8")
    return where


def add_folder(parser: argparse.ArgumentParser, files: int) -> None:
    """Add the options that select the DAG files and the interpreter that parses them."""
    parser.add_argument("--files", type=int, default=files)
    parser.add_argument("--only-pandas", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))


def selected(options: argparse.Namespace, place: Path) -> Path:
    """The folder of the DAG files. dagprof's own are written below ``place``."""
    if options.folder:
        return Path(options.folder)
    (place / "dags").mkdir()
    return generated(place / "dags", options.files, only_pandas=options.only_pandas)


def compared(composed: Run, alone: Run) -> str:
    """How the parse times of a scan with layers differ from those in isolation."""
    times = {file.path: file.own_ms for file in alone.files if file.is_timed}
    shared = [file for file in composed.files if file.composed_ms and file.path in times]
    if not shared:
        return "no composed file"
    off = [abs(file.own_ms - times[file.path]) for file in shared]
    shares = [ms / times[file.path] for ms, file in zip(off, shared, strict=True)]
    close = sum(
        ms <= max(CLOSE_MS, CLOSE_SHARE * times[file.path])
        for ms, file in zip(off, shared, strict=True)
    )
    both = {file.path: file.own_ms for file in composed.files if file.path in times}
    slowest = sorted(both, key=lambda path: -times[path])[:20]
    order = statistics.correlation(
        ranks([both[path] for path in slowest]), ranks([times[path] for path in slowest])
    )
    plans = [_plan(run) for run in (composed, alone)]
    return (
        f"{len(shared)} composed files; median difference {statistics.median(shares):.1%},"
        f" {close / len(shared):.0%} close; rank correlation of the 20 slowest {order:.3f};"
        f" first five changes the same: {plans[0] == plans[1]}"
    )


def _plan(run: Run) -> list[str]:
    steps = Fleet(run).plan().steps[:5]
    return sorted(str(change.place) for step in steps for change in step.changes)


def main(options: argparse.Namespace) -> None:
    with temporary_home() as home, tempfile.TemporaryDirectory(prefix="bench-fleet-") as name:
        place = Path(name)
        dags = selected(options, place)
        report = [options.python.parent / "airflow", "dags", "report"]
        scan = [BIN / "dagprof", "scan", dags, "--python", options.python, "-q"]
        scan += ["--depth", options.depth]
        peer = environment(
            home, AIRFLOW__CORE__DAGS_FOLDER=str(dags), AIRFLOW__CORE__LOAD_EXAMPLES="False"
        )
        mine = environment(home)
        del mine["AIRFLOW_HOME"]
        commands = {
            "airflow dags report": (report, peer),
            "layers": ([*scan, "--isolation", "layers", "-o", place / "layers"], mine),
            "strict": ([*scan, "--isolation", "strict", "-o", place / "strict"], mine),
        }
        if options.without_strict:
            del commands["strict"]
        seconds(report, peer)  # compiles
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(options.rounds):
            for kind, (command, env) in commands.items():
                taken[kind].append(seconds(command, env))
        print(f"{machine()}; {options.rounds} rounds in turns\n")
        for kind, times in taken.items():
            ratios = [
                time / base for time, base in zip(times, taken["airflow dags report"], strict=True)
            ]
            print(f"| {kind} | {shown(times)} | {statistics.median(ratios):.2f} |")
        composed = dagprof.load(place / "layers" / "run.json")
        if composed.layers is not None:
            found = composed.layers
            print(f"\nscale {found.scale:.3f} from {found.calibrated} files")
            print([text.text for text in composed.doubts if text.code == COMPOSED])
        if "strict" in commands:
            print(compared(composed, dagprof.load(place / "strict" / "run.json")))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_folder(parser, files=60)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--depth", default="normal")
    parser.add_argument("--without-strict", action="store_true")
    main(parser.parse_args())
