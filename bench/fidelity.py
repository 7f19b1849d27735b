"""Are dagprof's parse times those of Airflow's own DAG processor?

    python bench/fidelity.py [ROUNDS]

Runs the real ``airflow dag-processor`` (Airflow 3, SQLite, one parsing process) on Airflow's example DAGs, on examples/dags
and on files of graded cost, and reads ``last_parse_duration`` of every file from its database loop by loop. dagprof and the
processor take turns, round by round, so that a machine that changes its speed changes it for both.

The graded files are for the order: of the others few take more than 100 ms, and most of these are one import of pandas.
Files that cost the same have no true order; how well the processor's rounds agree with each other stands beside.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from common import BIN, EXAMPLES, airflow_examples, environment, machine, seconds, temporary_home

import dagprof

# Both sides answer these alike, so that the files that look them up parse in the processor too.
LOOK_UPS = {
    "AIRFLOW_VAR_EXPORT_BUCKET": "bucket",
    "AIRFLOW_VAR_EXPORT_SETTINGS": '{"prefix": "p"}',
    "AIRFLOW_CONN_WAREHOUSE": "postgres://warehouse.example.invalid/db",
}
SETTLING_LOOPS = 2
LOOPS = 3
GRADED = """
import datetime
from airflow import DAG

{heavy}sum(number * number for number in range({steps}))
with DAG("graded_{number}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    pass
"""
# Steps at the top, with and without an import of pandas.
GRADES = [(steps * 1000, heavy) for heavy in ("", "import pandas\n") for steps in (1000, 2000, 3000, 4500, 6500)]
FROM_MS = 100.0
# Its 200 DAGs keep the manager busy with its database for seconds, in which no other finished file is collected: Airflow
# then reports that wait as the other file's duration.
LEFT_OUT = "many_from_a_loop.py"

Key = tuple[str, str]  # bundle and file


def processor_durations(folders: dict[str, Path]) -> dict[Key, list[float]]:
    """Milliseconds by bundle and file, one for each loop after the first ones."""
    bundles = [
        {
            "name": name,
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(path)},
        }
        for name, path in folders.items()
    ]
    with temporary_home() as home:
        env = environment(
            home,
            AIRFLOW__CORE__LOAD_EXAMPLES="False",
            AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST=json.dumps(bundles),
            AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL="1",
            AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES="1",
            **LOOK_UPS,
        )
        command = [str(BIN / "airflow"), "dag-processor"]
        process = subprocess.Popen(
            command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            return _watch(home / "airflow.db", process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _watch(database: Path, process: subprocess.Popen[bytes]) -> dict[Key, list[float]]:
    """Collect each new pair of parse moment and duration until the median file was seen often enough."""
    seen: dict[Key, dict[str, float]] = defaultdict(dict)
    query = "select bundle_name, relative_fileloc, last_parsed_time, last_parse_duration from dag"
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
        with (
            contextlib.suppress(sqlite3.OperationalError),
            sqlite3.connect(f"file:{database}?mode=ro", uri=True) as base,
        ):
            for bundle, file, moment, duration in base.execute(query):
                if duration is not None:
                    seen[bundle, file][moment] = duration * 1000
        if seen and statistics.median(len(moments) for moments in seen.values()) >= LOOPS + SETTLING_LOOPS:
            break
    return {
        key: list(moments.values())[SETTLING_LOOPS:] for key, moments in seen.items() if len(moments) > SETTLING_LOOPS
    }


def scanned(folders: dict[str, Path]) -> dict[Key, list[float]]:
    """dagprof's samples in milliseconds by bundle and file, through the command, in an environment as plain."""
    result = {}
    with tempfile.TemporaryDirectory() as output:
        for name, folder in folders.items():
            env = environment(Path(output), **LOOK_UPS)
            del env["AIRFLOW_HOME"]
            command = [
                BIN / "dagprof",
                "scan",
                folder,
                "-q",
                "-o",
                output,
                "--repeat",
                "4",
                "--jobs",
                "1",
                "--depth",
                "quick",
            ]
            seconds([*command, "--stacks-from", "1e9"], env)
            for file in dagprof.load(Path(output) / "run.json").files:
                if not file.status.is_failure:
                    result[name, file.path] = list(file.samples.wall_ms)
    return result


def ranks(values: list[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    result = [0.0] * len(values)
    for rank, position in enumerate(order):
        result[position] = rank
    return result


def rank_correlation(one: dict[Key, float], other: dict[Key, float], keys: list[Key]) -> float:
    """Spearman's, over the files of ``keys``."""
    return statistics.correlation(ranks([one[key] for key in keys]), ranks([other[key] for key in keys]))


def graded(folder: Path) -> Path:
    """Files whose cost grows step by step."""
    for number, (steps, heavy) in enumerate(GRADES):
        text = GRADED.format(heavy=heavy, steps=steps, number=number)
        (folder / f"graded_{number}.py").write_text(text, encoding="utf-8")
    return folder


def main(rounds: int) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="bench-dags-") as name,
        tempfile.TemporaryDirectory(prefix="bench-graded-") as other,
    ):
        examples = Path(shutil.copytree(EXAMPLES, name, dirs_exist_ok=True))
        (examples / LEFT_OUT).unlink()
        _compare({"airflow": airflow_examples(), "examples": examples, "graded": graded(Path(other))}, rounds)


def _compare(folders: dict[str, Path], rounds: int) -> None:
    mine: dict[Key, list[float]] = defaultdict(list)
    real: dict[Key, list[float]] = defaultdict(list)
    by_round: list[dict[Key, float]] = []
    for _ in range(rounds):
        ours_now, theirs_now = scanned(folders), processor_durations(folders)
        for taken, durations in ((mine, ours_now), (real, theirs_now)):
            for key, values in durations.items():
                taken[key].extend(values)
        by_round.append({key: statistics.median(values) for key, values in theirs_now.items()})
    ours = {key: statistics.median(values) for key, values in mine.items()}
    theirs = {key: statistics.median(values) for key, values in real.items()}
    both = sorted(ours.keys() & theirs.keys(), key=lambda key: -theirs[key])
    offsets = [theirs[key] - ours[key] for key in both]
    offset = statistics.median(offsets)
    print(f"{machine()}; {len(both)} files, {rounds} rounds in turns, load {os.getloadavg()[0]:.1f}\n")
    print("| file | processor, ms | dagprof, ms | difference | less the constant |\n|---|---|---|---|---|")
    for key in both[:30]:
        off = theirs[key] - ours[key]
        print(
            f"| {key[1]} | {theirs[key]:.0f} | {ours[key]:.0f} | {off / theirs[key]:+.0%} | {(off - offset) / theirs[key]:+.0%} |"
        )
    for label, keys in (
        ("all files", both),
        (f"files above {FROM_MS:.0f} ms", [k for k in both if theirs[k] > FROM_MS]),
        (
            f"files above {FROM_MS:.0f} ms without the graded",
            [k for k in both if theirs[k] > FROM_MS and k[0] != "graded"],
        ),
    ):
        plain = statistics.median(abs(theirs[k] - ours[k]) / theirs[k] for k in keys)
        less = statistics.median(abs(theirs[k] - ours[k] - offset) / theirs[k] for k in keys)
        correlation = rank_correlation(ours, theirs, keys)
        itself = [
            rank_correlation(one, other, [key for key in keys if key in one and key in other])
            for one, other in itertools.combinations(by_round, 2)
        ]
        print(
            f"\n{label} ({len(keys)}): median absolute difference {plain:.1%}, less the processor's constant of "
            f"{offset:.0f} ms {less:.1%}; rank correlation {correlation:.3f}"
            + (f" (the processor's own, round against round: {statistics.mean(itself):.3f})" if itself else "")
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
