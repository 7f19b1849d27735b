"""Runs Airflow's real processor on a folder until it has parsed a DAG file often enough. Benchmarks
use this module too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from support import TARGET

AIRFLOW = Path(TARGET).parent / "airflow"
_LIMIT_S = 120.0


def environment(home: Path, dags: Path, **changes: str) -> dict[str, str]:
    """A plain environment for Airflow with one parsing process and the shortest possible pauses."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "DAGPROF"))
    }
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    }
    for section in ("SCHEDULER", "DAG_PROCESSOR"):  # the names of Airflow 2 and 3
        settings[f"AIRFLOW__{section}__MIN_FILE_PROCESS_INTERVAL"] = "0"
        settings[f"AIRFLOW__{section}__PARSING_PROCESSES"] = "1"
    return {**kept, **settings, **changes}


def migrate(home: Path, env: Mapping[str, str]) -> None:
    """Make an AIRFLOW_HOME with its configuration file and a migrated SQLite database."""
    home.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [str(AIRFLOW), "db", "migrate"],
        env=dict(env),
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )


@contextlib.contextmanager
def processor(
    command: str, env: Mapping[str, str], log: Path, airflow: Path = AIRFLOW
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``airflow dag-processor`` or ``airflow scheduler``. Afterwards it is ended with all
    processes that it started.
    """
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(airflow), command],
            env=dict(env),
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        # Airflow 2 puts its manager into a separate process group. The manager ends by itself once
        # the scheduler is gone.
        for number in (signal.SIGINT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)


def wait_for_lines(
    file: Path, count: int, process: subprocess.Popen[bytes], log: Path
) -> list[str]:
    """Wait until a file that DAG files write to has enough lines, and return them."""
    deadline = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) >= count:
            return lines
        time.sleep(0.1)
    raise AssertionError(
        f"The processor did not parse the file {count} times:\n{log.read_text()[-3000:]}"
    )


def airflow_version(python: str | Path) -> str:
    """The version of an interpreter's Airflow."""
    code = "from importlib.metadata import version; print(version('apache-airflow'))"
    return subprocess.run(
        [str(python), "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def command(version: str | None = None) -> str:
    """The command that parses in this version of Airflow; without a version, in the target's. In
    Airflow 2 the scheduler's manager parses.
    """
    return "scheduler" if (version or airflow_version(TARGET)).startswith("2.") else "dag-processor"
