"""Compare `dagprof loop` with Airflow's real DAG processor.

    python bench/loop.py --python PATH [FOLDER...] [--processes N...] [--path DIR] [--observed FILE]

Folders (all of them by default; see loop_folders.py): few, slow (one file of 20 s), heavy, many (600
files). For each folder, the script runs `dagprof scan` and `airflow dag-processor` of ``--python``
with each number of parsing processes (1 and 2 by default). Airflow 3 uses SQLite. Airflow 2 refuses
SQLite, so the script starts a PostgreSQL server, and ``--path`` names a folder with psycopg2 if the
environment lacks it.

While the processor runs, the script changes single files at random times, and other files just
after a parse of them started. At the end, it changes all files at once. ``--observed`` stores what
happened, as JSON.

The table compares the time of one round (the first round, and all files changed at once), the mean
time between two results of a file, and the staleness of changed files.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

from common import BIN, machine
from loop_folders import FOLDERS, Folder
from loop_processor import Deployment, Observed, database, observe

import dagprof
from dagprof.analyse.loop import Forecast, LoopRequest
from dagprof.usecases.loop import loop


def scanned(folder: Folder, python: Path, out: Path) -> dagprof.Run:
    """The Run of the folder."""
    command = [BIN / "python", "-m", "dagprof", "scan", folder.path, "--python", python, "-q"]
    options = ["--no-project", "--depth", "quick", "--repeat", "3", "--output-dir", out]
    subprocess.run([*map(str, command), *map(str, options)], check=True, capture_output=True)
    return dagprof.load(out / "run.json")


def forecasted(run: dagprof.Run, folder: Folder, processes: int) -> Forecast:
    """The forecast with the settings of the folder."""
    options = {**folder.settings, "parsing_processes": str(processes)}
    return loop(run, LoopRequest(options)).now


def seen(observed: Observed) -> dict[str, float]:
    """What the processor did, in seconds."""
    first: dict[tuple[str, str], float] = {}
    for dag, version, at in observed.stores:
        first.setdefault((dag, version), at)
    began = min(at for _, at in observed.starts)
    once = [at for (_, version), at in first.items() if version == "v0"]
    found = {"first round": max(once) - began, "cycle, mean": statistics.mean(cycles(observed))}
    for kind, name in (("all", "round"), ("random", "stale, mean"), ("worst", "stale, worst")):
        ages = [
            first[dag, version] - at
            for dag, version, at, why in observed.edits
            if why == kind and (dag, version) in first
        ]
        if ages:
            found[name] = statistics.mean(ages) if kind != "all" else max(ages)
    return found


def cycles(observed: Observed) -> Iterator[float]:
    """The times between two results of the same version of a file."""
    by_dag: dict[str, list[tuple[str, float]]] = {}
    for dag, version, at in observed.stores:
        by_dag.setdefault(dag, []).append((version, at))
    for stores in by_dag.values():
        for (before, began), (after, ended) in pairwise(stores):
            if before == after:
                yield ended - began


def expected(now: Forecast) -> dict[str, float]:
    """The same figures in the forecast. ``stale, worst`` is the mean over all files, as in ``seen``,
    which changes some of the files.
    """
    by_file: dict[int, list[float]] = {}
    last: dict[int, float] = {}
    for parse in now.timeline.parses[now.timeline.first :]:
        if parse.file in last:
            by_file.setdefault(parse.file, []).append(parse.stored - last[parse.file])
        last[parse.file] = parse.start
    return {
        "first round": now.round_s,
        "round": now.round_s,
        "cycle, mean": now.cycle_s,
        "stale, mean": now.stale.typical_s,
        "stale, worst": statistics.mean(map(statistics.mean, by_file.values())),
    }


def compare(title: str, observed: Observed, now: Forecast) -> None:
    """Print one row for each figure."""
    real, told = seen(observed), expected(now)
    for name, value in real.items():
        print(
            f"| {title} | {name} | {told[name]:.1f} s | {value:.1f} s |"
            f" {told[name] / value - 1:+.0%} |",
            flush=True,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    reader = argparse.ArgumentParser(usage=__doc__)
    reader.add_argument("folders", nargs="*", default=list(FOLDERS))
    reader.add_argument("--python", type=Path, required=True)
    reader.add_argument("--processes", type=int, nargs="*", default=[1, 2])
    reader.add_argument("--path", default="")
    reader.add_argument("--observed", type=Path)
    given = reader.parse_args(arguments)
    python = given.python.absolute()
    os.environ["DAGPROF_TEST_TARGET_PYTHON"] = str(python)
    from live import airflow_version

    version = airflow_version(python)
    print(f"Airflow {version}, {machine()}")
    print("| folder, processes | figure | forecast | observed | error |\n|---|---|---|---|---|")
    for name in given.folders:
        if name not in FOLDERS:
            sys.exit(f"There is no folder {name!r}. Choose from {', '.join(FOLDERS)}.")
        run = None
        for processes in given.processes:
            with (
                tempfile.TemporaryDirectory(prefix="bench-loop-") as temporary,
                database(version.startswith("2.")) as address,
            ):
                folder = FOLDERS[name](Path(temporary) / "dags")
                folder.write_all()
                run = run or scanned(folder, python, Path(temporary) / "out")
                deployment = Deployment(python, version, address, given.path)
                home = Path(temporary) / "home"
                observed = observe(deployment, folder, processes, home, folder.seconds)
                if given.observed:
                    given.observed.write_text(json.dumps(asdict(observed)))
                compare(f"{name}, {processes}", observed, forecasted(run, folder, processes))


if __name__ == "__main__":
    main()
