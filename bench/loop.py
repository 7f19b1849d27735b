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
import math
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
from dagprof.usecases.deployment.loop import loop


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


def seen(observed: Observed, during: float) -> dict[str, float]:
    """What the processor did, in seconds. ``during`` is the part of the time in which a file is
    being parsed. Few random changes fall into this part, so the mean of all changes is the mean of
    the random changes at other times and of the changes just after a start, with these weights.
    """
    first: dict[tuple[str, str], float] = {}
    for dag, version, at in observed.stores:
        first.setdefault((dag, version), at)
    began = min(at for _, at in observed.starts)
    once = [at for (_, version), at in first.items() if version == "v0"]
    found = {"first round": max(once) - began, "cycle, mean": statistics.mean(cycles(observed))}
    if touched := [at for _, _, at, why in observed.edits if why == "touched"]:
        again: dict[str, float] = {}
        for dag, _, at in observed.stores:
            if at > touched[0]:
                again.setdefault(dag, at)
        found["round"] = max(again.values()) - touched[0]
    ages = {"random": list[float](), "worst": list[float]()}
    for dag, version, at, why in observed.edits:
        if (
            why in ages
            and (dag, version) in first
            and not (why == "random" and parsed(observed, dag, at))
        ):
            ages[why].append(first[dag, version] - at)
    if ages["random"] and ages["worst"]:
        random_s, worst_s = (statistics.mean(ages[why]) for why in ("random", "worst"))
        found["stale, mean"] = (1 - during) * random_s + during * worst_s
        found["stale, worst"] = worst_s
    return found


def parsed(observed: Observed, dag: str, at: float) -> bool:
    """Whether the processor parsed the file at this time."""
    began = max(
        (start for name, start in observed.starts if name == dag and start <= at), default=0
    )
    return not any(name == dag and began < stored < at for name, _, stored in observed.stores)


def cycles(observed: Observed) -> Iterator[float]:
    """The times between two results of the same version of a file."""
    by_dag: dict[str, list[tuple[str, float]]] = {}
    until = min((at for *_, at, why in observed.edits if why == "touched"), default=math.inf)
    for dag, version, at in observed.stores:
        if at < until:
            by_dag.setdefault(dag, []).append((version, at))
    for stores in by_dag.values():
        for (before, began), (after, ended) in pairwise(stores):
            if before == after:
                yield ended - began


def expected(now: Forecast) -> dict[str, float]:
    """The same figures in the forecast. ``stale, worst`` is the mean over all files, because the
    script changes only some of the files.
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
    during = sum(parse.stored - parse.start for parse in now.first_round) / len(now.files)
    real, told = seen(observed, during / now.cycle_s), expected(now)
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
        for processes in given.processes:
            with (
                tempfile.TemporaryDirectory(prefix="bench-loop-") as temporary,
                database(version.startswith("2.")) as address,
            ):
                folder = FOLDERS[name](Path(temporary) / "dags")
                folder.write_all()
                run = scanned(folder, python, Path(temporary) / "out")
                deployment = Deployment(python, version, address, given.path)
                home = Path(temporary) / "home"
                # Before the processor runs, because the changes change the order of the files.
                now = forecasted(run, folder, processes)
                observed = observe(deployment, folder, processes, home, folder.seconds)
                if given.observed:
                    given.observed.write_text(json.dumps(asdict(observed)))
                compare(f"{name}, {processes}", observed, now)


if __name__ == "__main__":
    main()
