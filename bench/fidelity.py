"""Compare dagprof's parse times with those of Airflow's own processor.

    python bench/fidelity.py SET-UP... [--rounds N] [--python PATH]

Runs the real ``airflow dag-processor`` (Airflow 3) or ``airflow scheduler`` (Airflow 2) of
``--python`` on a folder of graded files, with SQLite and one parsing process, in turns with
dagprof, so that a machine that changes its speed affects both. Set-ups (all of them by default):

    plain         no plugins
    plugins       a plugins folder with a helper that imports pandas, which DAG files import too
    entry-point   a plugin of an installed distribution that imports pandas
    providers     operators and client libraries of google, amazon and cncf-kubernetes, which must be installed

The table has one row for the medians of all parses of a file, and one for the lower quartiles.

Airflow 3 stores the duration of each parse in its database (``last_parse_duration``). Airflow 2 has
no comparable figure: its manager polls every tenth of a second, and its figure includes writing the
DAGs. On Airflow 2 a plugin in the processor times DagBag and the serialisation in the parsing
child, which is what dagprof calls the parse.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import textwrap
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from common import EXAMPLES, environment, machine, seconds
from live import airflow_version, processor
from live import command as parsing_command

import dagprof

# The smallest number of loops to leave out, and the number of loops to keep.
SETTLING, KEPT = 2, 3
# Airflow 2.7 to 3.0: if a full collection is due when the manager starts, each parse runs it until
# the manager itself does, within some hundreds of parses. Loops count after that, or after
# ``--settled`` parses.
LONGEST_S = 1500
FROM_MS = 50.0
GRADED = """
import datetime
from airflow import DAG
{imports}
sum(number * number for number in range({steps}))
with DAG("graded_{number}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    {task}
"""
STEPS = [600_000, 1_000_000, 1_600_000, 2_500_000, 4_000_000, 6_500_000]
PLAIN = ["", "import pandas", "from airflow.models.param import Param"]
PROVIDERS = [
    "from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator",
    "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator",
    "from airflow.providers.amazon.aws.operators.s3 import S3ListOperator\nimport pandas",
    "import boto3\nboto3.session.Session().get_available_services()",
    "from google.cloud import storage, bigquery",
    "import kubernetes.client",
    "import pandas",
    "",
]
PLUGIN = """
from airflow.plugins_manager import AirflowPlugin
import {module}

class Bench(AirflowPlugin):
    name = "bench"
"""
# The scheduler loads this plugin before it forks the manager. The environment names the file to
# write to.
CLOCK = """
import functools, gc, json, os, time
from airflow.dag_processing.processor import DagFileProcessor
from airflow.models.dagbag import DagBag
from airflow.plugins_manager import AirflowPlugin
from airflow.serialization.serialized_objects import SerializedDAG

spent = {"ms": 0.0}

def clocked(function):
    @functools.wraps(function)
    def timed(*args, **kwargs):
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent["ms"] += (time.perf_counter() - started) * 1000
    return timed

def written(function):
    @functools.wraps(function)
    def process_file(self, file_path, *args, **kwargs):
        spent["ms"], managers = 0.0, gc.get_stats()[2]["collections"]
        try:
            return function(self, file_path, *args, **kwargs)
        finally:
            with open(os.environ["BENCH_CLOCK"], "a") as stream:
                stream.write(json.dumps([file_path, spent["ms"], managers]) + "\\n")
    return process_file

DagBag.__init__ = clocked(DagBag.__init__)
SerializedDAG.to_dict = classmethod(clocked(SerializedDAG.to_dict.__func__))
DagFileProcessor.process_file = written(DagFileProcessor.process_file)

class Clock(AirflowPlugin):
    name = "clock"
"""


class SetUp:
    """The files of one set-up below ``where``, and the settings for both sides."""

    def __init__(self, name: str, where: Path) -> None:
        self.name, self.where = name, where
        self.dags = where / "dags"
        self.settings: dict[str, str] = {}
        kinds = PROVIDERS if name == "providers" else PLAIN
        if name == "plugins":
            kinds = [*PLAIN, "import heavy_helper"]
            self._write("plugins/heavy_helper.py", "import pandas\n")
            self._write("plugins/bench_plugin.py", PLUGIN.format(module="heavy_helper"))
        if name == "entry-point":
            self._write("site/bench_entry.py", PLUGIN.format(module="pandas"))
            self._write(
                "site/bench_entry-1.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: bench-entry\nVersion: 1.0\n",
            )
            self._write(
                "site/bench_entry-1.0.dist-info/entry_points.txt",
                "[airflow.plugins]\nb = bench_entry:Bench\n",
            )
            self.settings["PYTHONPATH"] = str(where / "site")
        for number, (imports, steps) in enumerate(itertools.product(kinds, STEPS)):
            # Files of one kind import the same modules, but no two take the same time.
            text = GRADED.format(
                imports=imports, steps=steps + 37_000 * number, number=number, task="pass"
            )
            self._write(f"dags/graded_{number:02d}.py", text)
        if name == "plain":
            shutil.copytree(
                EXAMPLES,
                self.dags / "examples",
                ignore=shutil.ignore_patterns("many_from_a_loop.py"),
            )

    def _write(self, name: str, text: str) -> None:
        file = self.where / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")

    def home(self, name: str) -> tuple[Path, dict[str, str]]:
        """Make an AIRFLOW_HOME with the plugins of this set-up, and the environment for it."""
        home = self.where / name
        home.mkdir(exist_ok=True)
        if (self.where / "plugins").exists() and not (home / "plugins").exists():
            shutil.copytree(self.where / "plugins", home / "plugins")
        changes = {
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW_VAR_EXPORT_BUCKET": "bucket",
            "AIRFLOW_VAR_EXPORT_SETTINGS": '{"prefix": "p"}',
            "AIRFLOW_CONN_WAREHOUSE": "postgres://warehouse.example.invalid/db",
        }
        return home, environment(home, **changes, **self.settings)


class Processor:
    """Airflow's own processor on a set-up. Gives milliseconds by file, one value for each loop
    after the first ones.
    """

    def __init__(self, set_up: SetUp, python: Path, settled: int) -> None:
        self._settled = settled
        self._bin = python.parent
        self._home, self._env = set_up.home("theirs")
        self._dags = set_up.dags
        self.version = airflow_version(python)
        self._is_2 = self.version.startswith("2.")
        for section in ("SCHEDULER", "DAG_PROCESSOR"):
            self._env[f"AIRFLOW__{section}__MIN_FILE_PROCESS_INTERVAL"] = "0" if self._is_2 else "1"
            self._env[f"AIRFLOW__{section}__PARSING_PROCESSES"] = "1"
        if self._is_2:
            self._env["AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL"] = "0"
            self._env["BENCH_CLOCK"] = str(self._home / "clock.jsonl")
            (self._home / "plugins").mkdir(exist_ok=True)
            (self._home / "plugins" / "clock_plugin.py").write_text(CLOCK, encoding="utf-8")
        seconds([self._bin / "airflow", "db", "migrate"], self._env)

    def durations(self) -> dict[str, list[float]]:
        (self._home / "clock.jsonl").unlink(missing_ok=True)
        seen: dict[str, dict[object, float]] = defaultdict(dict)
        deadline = time.monotonic() + LONGEST_S
        command = parsing_command(self.version)
        with processor(command, self._env, Path(os.devnull), self._bin / "airflow") as process:
            while time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.1)
                self._clocked(seen) if self._is_2 else self._stored(seen)
                if _are_enough([len(times) for times in seen.values()]):
                    break
        for file in [file for file, times in seen.items() if len(times) <= SETTLING]:
            print(f"  {file}: the processor parsed it only {len(seen.pop(file))} times; left out")
        return {file: list(times.values())[SETTLING:] for file, times in seen.items()}

    def _stored(self, seen: dict[str, dict[object, float]]) -> None:
        """Keep each new pair of time and duration from the database."""
        query = "select relative_fileloc, last_parsed_time, last_parse_duration from dag"
        address = f"file:{self._home / 'airflow.db'}?mode=ro"
        with (
            contextlib.suppress(sqlite3.OperationalError),
            sqlite3.connect(address, uri=True) as base,
        ):
            for file, moment, duration in base.execute(query):
                if duration is not None:
                    seen[file][moment] = duration * 1000

    def _clocked(self, seen: dict[str, dict[object, float]]) -> None:
        """Keep the parses since the manager's own last full collection."""
        with contextlib.suppress(OSError, ValueError):  # no file yet, or half a line
            rows = [
                json.loads(line) for line in (self._home / "clock.jsonl").read_text().splitlines()
            ]
            first = rows[0][2] if rows else 0
            for number, (file, spent, collections) in enumerate(rows):
                if collections > first or number >= self._settled:
                    seen[os.path.relpath(file, self._dags)][number] = spent


def _are_enough(loops: list[int]) -> bool:
    """Whether each file has its loops. A file that the processor stopped parsing does not hold up
    the others.
    """
    wanted = SETTLING + KEPT
    return bool(loops) and statistics.median(loops) >= wanted * (1 if min(loops) >= wanted else 2)


def scanned(set_up: SetUp, python: Path) -> dict[str, list[float]]:
    """Run the command and return dagprof's samples in milliseconds by file."""
    _, env = set_up.home("ours")
    output = set_up.where / "out"
    command = [
        Path(sys.executable).parent / "dagprof",
        "scan",
        set_up.dags,
        "--python",
        python,
        "-q",
        "-o",
        output,
    ]
    seconds(
        [*command, "--repeat", "4", "--jobs", "1", "--depth", "quick", "--stacks-from", "1e9"], env
    )
    files = dagprof.load(output / "run.json").files
    return {file.path: list(file.samples.wall_ms) for file in files if not file.status.is_failure}


def ranks(values: list[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    result = [0.0] * len(values)
    for rank, position in enumerate(order):
        result[position] = rank
    return result


def compare(set_up: SetUp, python: Path, rounds: int, settled: int) -> None:
    mine: dict[str, list[float]] = defaultdict(list)
    real: dict[str, list[float]] = defaultdict(list)
    processor = Processor(set_up, python, settled)
    for _ in range(rounds):
        # The processor runs first. It may need a quarter of an hour to settle, and the machine may
        # change in that time.
        for taken, durations in ((real, processor.durations()), (mine, scanned(set_up, python))):
            for file, values in durations.items():
                taken[file].extend(values)
    report(set_up.name, processor.version, mine, real)


def report(
    name: str, version: str, mine: Mapping[str, list[float]], real: Mapping[str, list[float]]
) -> None:
    """Compare the medians of all parses, and their lower quartiles. On a machine that other guests
    slow down for seconds at a time, the lower quartiles are less disturbed.
    """
    for centre in (statistics.median, _lower_quartile):
        _report(name, version, mine, real, centre)


def _lower_quartile(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=4)[0] if len(values) > 1 else values[0]


def _report(
    name: str,
    version: str,
    mine: Mapping[str, list[float]],
    real: Mapping[str, list[float]],
    centre: Callable[[Sequence[float]], float],
) -> None:
    ours, theirs = (
        {file: centre(values) for file, values in side.items()} for side in (mine, real)
    )
    both = sorted(ours.keys() & theirs.keys(), key=lambda file: -theirs[file])
    constant = statistics.median(theirs[file] - ours[file] for file in both)
    print(
        f"\n{name}, Airflow {version}: {len(both)} files; constant {constant:+.0f} ms; {machine()},"
        f" load {os.getloadavg()[0]:.1f}"
    )
    for file in both:
        print(
            f"  {theirs[file]:8.0f} {ours[file]:8.0f}"
            f" {(ours[file] + constant) / theirs[file] - 1:+7.1%}  {file}"
        )
    large = [file for file in both if theirs[file] >= FROM_MS]
    off = sorted(abs(theirs[file] - ours[file] - constant) / theirs[file] for file in large)
    near = sum(
        abs(theirs[file] - ours[file] - constant) <= max(10.0, 0.1 * theirs[file]) for file in large
    )
    order = statistics.correlation(
        ranks([ours[file] for file in large]), ranks([theirs[file] for file in large])
    )
    print(
        f"| {name} | {version} | {len(large)} | {statistics.median(off):.1%} |"
        f" {near / len(large):.0%} | {order:.3f} | {constant:+.0f} ms |"
        f" {centre.__name__.strip('_').replace('_', ' ')} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "set_ups",
        nargs="*",
        default=["plain", "plugins", "entry-point", "providers"],
        metavar="SET-UP",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    parser.add_argument(
        "--settled",
        type=int,
        default=900,
        help="Airflow 2: count parses from here on, if no full collection is due",
    )
    arguments = parser.parse_args()
    for name in arguments.set_ups:
        with tempfile.TemporaryDirectory(prefix="bench-fidelity-") as where:
            compare(
                SetUp(name, Path(where)),
                arguments.python.absolute(),
                arguments.rounds,
                arguments.settled,
            )


if __name__ == "__main__":
    main()
