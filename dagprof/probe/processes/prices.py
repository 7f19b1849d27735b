"""Measures what look-ups cost in Airflow's own DAG processor: through the supervisor and its API in
Airflow 3, from the metadata database in Airflow 2.

The command of Airflow parses a DAG file that looks up a Variable and a Connection and takes the
time. It has a database of its own in the scratch folder, with one row of each.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Sequence

from ..start import metadata
from ..system import folders
from ..system.kernel import die_with_parent

if TYPE_CHECKING:
    from ..protocol.zygote import PriceRow, Prices

_KEY, _KINDS = "dagprof_price", ("variable", "connection")
_LOOKUPS = 20
# Parses whose times count. The first parse of a processor warms up.
_PARSES = 4
_LIMIT_S, _POLL_S = 90.0, 0.1
_DAG = '''"""A DAG file that takes the time of look-ups: airflow, dag."""
import json
import time

try:
    from airflow.sdk import Connection, Variable

    lookups = {{"variable": Variable.get, "connection": Connection.get}}
except ImportError:
    from airflow.hooks.base import BaseHook
    from airflow.models import Variable

    lookups = {{"variable": Variable.get, "connection": BaseHook.get_connection}}
found = []
for _ in range({lookups}):
    started = time.perf_counter()
    lookups[{kind!r}]({key!r})
    found.append((time.perf_counter() - started) * 1000)
with open({output!r}, "a") as stream:
    stream.write(json.dumps([{kind!r}, found]) + "\\n")
'''


def measure(scratch: str, version: str) -> Prices:
    """The prices of both kinds.

    :raises Exception: the processor gave no times.
    """
    folder = os.path.join(scratch, "prices-%d" % os.getpid())
    os.mkdir(folder)
    try:
        rows = _parsed(folder, scratch, version)
    finally:
        folders.remove(folder)
    return {"variable": _price(rows, "variable"), "connection": _price(rows, "connection")}


def _price(rows: Sequence[Any], kind: str) -> PriceRow:
    """The median price of the first look-up of a parse, and of all others, of one kind."""
    parses = [times for found, times in rows if found == kind][1:]
    return {
        "first_ms": statistics.median(times[0] for times in parses),
        "next_ms": statistics.median(ms for times in parses for ms in times[1:]),
    }


def _parsed(folder: str, scratch: str, version: str) -> list[Any]:
    """The kind and the times of each parse."""
    database, dags = os.path.join(folder, metadata.FILE), os.path.join(folder, "dags")
    output = os.path.join(folder, "times")
    shutil.copyfile(os.path.join(scratch, metadata.FILE), database)
    _add_rows(database)
    os.mkdir(dags)
    # One file for each kind: the first look-up of a parse opens a connection for both kinds.
    for kind in _KINDS:
        with open(os.path.join(dags, kind + ".py"), "w") as stream:
            stream.write(_DAG.format(key=_KEY, lookups=_LOOKUPS, output=output, kind=kind))
    with open(output, "w"), open(os.devnull, "r+b") as nowhere:
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", _command(version)],
            env=_environment(folder, dags, database),
            cwd=folder,
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one thread
        )
        try:
            return _wait(output, process)
        finally:
            for number in (signal.SIGINT, signal.SIGKILL):
                _end(process, number)


def _wait(output: str, process: subprocess.Popen[bytes]) -> list[Any]:
    until = time.monotonic() + _LIMIT_S
    while time.monotonic() < until and process.poll() is None:
        with open(output) as stream:
            lines = [line for line in stream.read().splitlines(True) if line.endswith("\n")]
        rows = [json.loads(line) for line in lines]
        if all(sum(found == kind for found, _ in rows) > _PARSES for kind in _KINDS):
            return rows
        time.sleep(_POLL_S)
    raise RuntimeError("Airflow's DAG processor did not parse the file")


def _end(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
        process.wait(2.0)
    except (OSError, subprocess.TimeoutExpired):
        return


def _command(version: str) -> str:
    return "scheduler" if version.startswith("2.") else "dag-processor"


def _environment(folder: str, dags: str, database: str) -> dict[str, str]:
    """A plain Airflow without the user's settings, plugins and backends, with one parsing process
    and the shortest possible pauses.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    settings = {
        "AIRFLOW_HOME": folder,
        "AIRFLOW__CORE__DAGS_FOLDER": dags,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "SequentialExecutor",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:///" + database,
    }
    for section in ("SCHEDULER", "DAG_PROCESSOR"):  # the names of Airflow 2 and 3
        settings["AIRFLOW__%s__MIN_FILE_PROCESS_INTERVAL" % section] = "0"
        settings["AIRFLOW__%s__PARSING_PROCESSES" % section] = "1"
    return {**kept, **settings}


def _add_rows(database: str) -> None:
    connection = sqlite3.connect(database)
    try:
        connection.execute(
            "INSERT INTO variable (key, val, is_encrypted) VALUES (?, ?, 0)", (_KEY, "value")
        )
        connection.execute(
            "INSERT INTO connection (conn_id, conn_type, host, is_encrypted, is_extra_encrypted)"
            " VALUES (?, 'http', 'host', 0, 0)",
            (_KEY,),
        )
        connection.commit()
    finally:
        connection.close()
