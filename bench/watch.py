"""Measure how long ``dagprof watch`` takes from a save to the result.

    python bench/watch.py [--python PATH] [--saves 20] [--files 20] [--spin-ms 0] [--helper]

A folder of ``--files`` DAG files is watched. The script saves one of them ``--saves`` times with
another comment, so that nothing about its parse changes, and takes the time from the end of the
save to the printed parse time, and to the printed reason. The parse time itself is subtracted.
``--spin-ms`` makes the file compute for so long. ``--helper`` saves a module that the file imports
instead of the file. The script also prints how often the unchanged file was called slower or
faster.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from common import environment, machine

DAG = """import datetime
import time
from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator
{imports}
began = time.process_time()
while time.process_time() - began < {spin}:
    pass
with DAG("{name}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    for number in range(10):
        BashOperator(task_id=f"task_{{number}}", bash_command="true")
# comment {comment}
"""
ROOT = Path(__file__).resolve().parent.parent
_OLD = ("airflow.providers.standard.operators.bash", "airflow.operators.bash")
# The first pass and the traces ahead have to be done.
_SETTLING_S = 4.0


def source(name: str, version: str, comment: str = "", spin: float = 0.0, imports: str = "") -> str:
    text = DAG.format(name=name, comment=comment, spin=spin, imports=imports)
    return text.replace(*_OLD) if version.startswith("2.") else text


def version_of(python: str) -> str:
    code = "from importlib.metadata import version; print(version('apache-airflow'))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Command:
    """A running ``dagprof watch --json``, whose lines arrive with the time of their arrival."""

    def __init__(self, python: str, folder: Path, env: dict[str, str]) -> None:
        self.lines: queue.SimpleQueue[tuple[float, dict[str, object]]] = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dagprof", "watch", str(folder), "--json", "--python", python],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put((time.perf_counter(), json.loads(line)))

    def until(self, event: str, path: str = "") -> tuple[float, dict[str, object]]:
        """The next event of a kind, about a file if one is given."""
        while True:
            at, found = self.lines.get(timeout=120)
            if found["event"] == event and (not path or found["path"] == path):
                return at, found

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


def measured(arguments: argparse.Namespace, where: Path, version: str) -> list[tuple[float, ...]]:
    """For each save: the ms to the parse time, the ms to the reason, and the parse time."""
    dags = where / "dags"
    dags.mkdir()
    spin, imports = arguments.spin_ms / 1000, "import helper" if arguments.helper else ""
    for number in range(1, arguments.files):
        (dags / f"other_{number}.py").write_text(source(f"other_{number}", version))
    (dags / "helper.py").write_text("VALUE = 1\n")
    (dags / "edited.py").write_text(source("edited", version, "0", spin, imports))
    env = environment(where)
    del env["AIRFLOW_HOME"]
    command = Command(os.path.abspath(arguments.python), dags, env)
    command.until("started")
    time.sleep(_SETTLING_S)
    rows, kinds = [], Counter[str]()
    for number in range(1, arguments.saves + 1):
        time.sleep(1.0 + random.random() / 2)
        if arguments.helper:
            (dags / "helper.py").write_text(f"VALUE = 1\n# {number}\n")
        else:
            (dags / "edited.py").write_text(source("edited", version, str(number), spin, imports))
        saved = time.perf_counter()
        shown, event = command.until("parsed", "edited.py")
        explained, _ = command.until("explained", "edited.py")
        taken = event["time"]
        kinds[taken["kind"]] += 1
        if taken["kind"] != "no change":
            print({name: taken[name] for name in ("kind", "before_ms", "now_ms", "noise_ms")})
        rows.append(((shown - saved) * 1000, (explained - saved) * 1000, taken["now_ms"]))
    print(f"exit code after SIGINT: {command.stop()}; outcomes: {dict(kinds)}")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--saves", type=int, default=20)
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--spin-ms", type=float, default=0.0)
    parser.add_argument("--helper", action="store_true")
    arguments = parser.parse_args()
    version = version_of(arguments.python)
    with tempfile.TemporaryDirectory(prefix="bench-watch-") as name:
        rows = measured(arguments, Path(name), version)
    print(f"{machine()}; Airflow {version}, {arguments.files} files, {arguments.saves} saves")
    parse = statistics.median(row[2] for row in rows)
    print(f"parse time: median {parse:.0f} ms")
    for column, what in ((0, "parse time shown"), (1, "reason shown")):
        after = [row[column] - row[2] for row in rows]
        print(
            f"| {what}, after the save and without the parse time |"
            f" {statistics.median(after):.0f} ms | {max(after):.0f} ms |"
        )


if __name__ == "__main__":
    main()
