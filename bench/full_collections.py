"""Check whether a parse with as many new objects as pandas runs its full garbage collections as in
Airflow's own processor.

python bench/full_collections.py [--python PATH] [--seconds N]

The script runs ``airflow dag-processor`` (Airflow 3) or ``airflow scheduler`` (Airflow 2) on small
files for N seconds, then dagprof. It prints the full collections in each parse of one file, and how
long they took in the last parse.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from common import BIN, environment, machine, seconds
from live import airflow_version, processor
from live import command as parsing_command

FILES = 24
DAG = """
import datetime
from airflow import DAG
with DAG("{name}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    pass
"""
# 30,000 objects stay, and the collector collects the youngest generation 110 times.
RECORDER = """
import gc, os, time

def _note(phase, details):
    if details["generation"] == 2:
        _took.append(time.perf_counter() * 1000 * (1 if phase == "stop" else -1))

_took = []
gc.callbacks.append(_note)
_kept = [[] for _ in range(30_000)]
for _ in range(70):
    _dropped = [[] for _ in range(800)]
gc.callbacks.remove(_note)
with open(os.environ["BENCH_RECORD"], "a") as _file:
    _file.write("%d %.0f\\n" % (len(_took) // 2, sum(_took)))
"""


def main(python: Path, duration_s: float) -> None:
    version = airflow_version(python)
    with tempfile.TemporaryDirectory(prefix="bench-collections-") as scratch:
        place = Path(scratch)
        dags = place / "dags"
        dags.mkdir()
        for number in range(FILES):
            (dags / f"filler_{number}.py").write_text(
                DAG.format(name=f"filler_{number}"), encoding="utf-8"
            )
        recorder = textwrap.dedent(RECORDER) + DAG.format(name="recorder")
        (dags / "recorder.py").write_text(recorder, encoding="utf-8")
        env = environment(
            place / "home", AIRFLOW__CORE__DAGS_FOLDER=str(dags), BENCH_RECORD=str(place / "theirs")
        )
        for section in ("SCHEDULER", "DAG_PROCESSOR"):
            env[f"AIRFLOW__{section}__MIN_FILE_PROCESS_INTERVAL"] = "0"
            env[f"AIRFLOW__{section}__PARSING_PROCESSES"] = "1"
        (place / "home").mkdir()
        seconds([python.parent / "airflow", "db", "migrate"], env)
        with processor(parsing_command(version), env, Path(os.devnull), python.parent / "airflow"):
            time.sleep(duration_s)
        env["BENCH_RECORD"] = str(place / "ours")
        scan = [
            BIN / "dagprof",
            "scan",
            dags,
            "--python",
            python,
            "--depth",
            "quick",
            "--repeat",
            "1",
            "-q",
        ]
        seconds([*scan, "-o", place / "reports"], env)
        print(f"Airflow {version}; {machine()}; full collections and their ms, parse by parse")
        for who in ("theirs", "ours"):
            print(f"{who}: {', '.join((place / who).read_text().splitlines())}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    parser.add_argument("--seconds", type=float, default=300)
    arguments = parser.parse_args()
    main(arguments.python.absolute(), arguments.seconds)
