"""Compare the cost of task starts with real task runs under LocalExecutor.

python bench/starts.py [DAGS]

Each generated file has DAGS DAGs. A guarded file builds only the DAG of the task that starts. For
Airflow 3, the observed times are the ``dag_file_parse_ms`` of the task logs. For Airflow 2, they
are the differences between two lines of the scheduler's log: the beginning of the parse, and the
beginning of the task instance.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from common import machine

from dagprof.config.settings import Settings
from dagprof.model import Run, StartKind
from dagprof.usecases.deployment import starts

TASKS = 5
SOURCE = """
import datetime
import time
{imports}
from airflow import DAG
try:
    from airflow.sdk import get_parsing_context
    from airflow.providers.standard.operators.python import PythonOperator
except ImportError:
    from airflow.utils.dag_parsing_context import get_parsing_context
    from airflow.operators.python import PythonOperator

only = get_parsing_context().dag_id
for number in range({dags}):
    dag_id = f"{name}_{{number:03}}"
    if {guarded} and only is not None and only != dag_id:
        continue
    with DAG(dag_id, schedule=None, start_date=datetime.datetime(2024, 1, 1)) as dag:
        before = None
        for task in range({tasks}):
            operator = PythonOperator(task_id=f"t{{task}}", python_callable=print)
            if before is not None:
                before >> operator
            before = operator
    globals()[dag_id] = dag
"""
SLEEPING = "time.sleep(0.3)"


def files(dags: int) -> dict[str, str]:
    """The DAG files by name."""
    made = {
        f"guarded_{dags}": SOURCE.format(
            imports="", dags=dags, name=f"guarded_{dags}", guarded=True, tasks=TASKS
        ),
        f"unguarded_{dags}": SOURCE.format(
            imports="", dags=dags, name=f"unguarded_{dags}", guarded=False, tasks=TASKS
        ),
        "single": SOURCE.format(imports="", dags=1, name="single", guarded=False, tasks=TASKS),
        "sleeping": SOURCE.format(
            imports=SLEEPING, dags=1, name="sleeping", guarded=False, tasks=TASKS
        ),
    }
    return {f"{name}.py": text for name, text in made.items()}


def chosen(run: Run) -> list[str]:
    """The DAGs whose starts dagprof has measured."""
    found = [start.dag_id for file in run.files for start in file.starts]
    return list(dict.fromkeys(found))


def logged(home: Path, dag_id: str, path: Path, is_2: bool) -> list[float]:
    """The milliseconds of each parse at a task start, as Airflow logs them."""
    if is_2:
        return _between_lines((home / "scheduler.log").read_text(), dag_id, path)
    return [
        float(json.loads(line)["dag_file_parse_ms"])
        for file in sorted(home.glob(f"logs/dag_id={dag_id}/**/*.log"))
        for line in file.read_text().splitlines()
        if "dag_file_parse_ms" in line
    ]


def _between_lines(log: str, dag_id: str, path: Path) -> list[float]:
    """From `Filling up the DagBag` to `Running <TaskInstance`. Tasks run one at a time."""
    found, began = [], None
    for line in log.splitlines():
        when = re.match(r"\[(\S+?)\]", line)
        if when is None:
            continue
        at = datetime.datetime.strptime(when[1], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
        if f"Filling up the DagBag from {path}" in line:
            began = at
        elif f"Running <TaskInstance: {dag_id}." in line and began is not None:
            found.append((at - began) * 1000)
            began = None
    return found


def observed(folder: Path, run: Run, dag_ids: Sequence[str]) -> dict[str, list[float]]:
    """Run each DAG once under LocalExecutor, and return Airflow's own times."""
    from executors.deployment import deployed

    is_2 = run.environment.airflow_version.startswith("2.")
    places = {start.dag_id: folder / file.path for file in run.files for start in file.starts}
    quiet = {
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
        "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "3600",
        "AIRFLOW__CORE__PARALLELISM": "1",
    }
    home = folder.parent / "home"
    with deployed(home, folder, "LocalExecutor", **quiet) as airflow:
        for dag_id in dag_ids:
            state = airflow.run(dag_id, "bench")
            assert state == "success", airflow.logs()
    return {dag_id: logged(home, dag_id, places[dag_id], is_2) for dag_id in dag_ids}


def main() -> None:
    dags = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory(prefix="bench-starts-") as name:
        folder = Path(name) / "dags"
        folder.mkdir()
        for file, text in files(dags).items():
            (folder / file).write_text(text, encoding="utf-8")
        settings = Settings(python=sys.executable)
        run = starts.measure([str(folder)], settings, os.environ)
        real = observed(folder, run, chosen(run))
        _print(run, real)


def _print(run: Run, real: dict[str, list[float]]) -> None:
    print(f"{machine()}, Airflow {run.environment.airflow_version}\n")
    heads = ("dagprof ms", "Airflow ms", "fastest ms", "starts", "ratio")
    print(f"{'DAG':<20}" + "".join(f"{head:>12}" for head in heads))
    for file in run.files:
        for start in file.starts:
            times = real[start.dag_id]
            if start.kind is StartKind.FORK and times:
                middle = statistics.median(times)
                print(
                    f"{start.dag_id:<20}{start.own_ms:>12.0f}{middle:>12.0f}{min(times):>12.0f}"
                    f"{len(times):>12}{start.own_ms / middle:>12.2f}"
                )


if __name__ == "__main__":
    main()
