"""A real Airflow deployment on this machine: scheduler, DAG processor, API server, and a Celery
worker with Redis if the executor needs one. All processes end with the test.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from live import airflow_version
from support import TARGET

AIRFLOW = Path(TARGET).parent / "airflow"
CELERY = "CeleryExecutor"
_LIMIT_S = 240.0
_DONE = ("success", "failed")


class Deployment:
    """A running deployment. ``home`` is its AIRFLOW_HOME, with a SQLite database and the logs."""

    def __init__(self, home: Path, env: Mapping[str, str]) -> None:
        self.home, self.env = home, dict(env)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *command: str) -> None:
        """Start a process in a session of its own, with its output in ``home/NAME.log``."""
        with (self.home / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command,
                env=self.env,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def airflow(self, *arguments: str) -> str:
        """Run a command of Airflow to its end and return its output."""
        done = subprocess.run(
            [str(AIRFLOW), *arguments],
            env=self.env,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_LIMIT_S,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, dag_id: str, run_id: str) -> str:
        """Trigger a DAG as soon as it is known, and return the state in which its run ends."""
        self._wait(f"DAG {dag_id}", "SELECT dag_id FROM dag WHERE dag_id = ?", (dag_id,))
        self.airflow("dags", "trigger", dag_id, "--run-id", run_id)
        return self._wait(
            f"the end of {run_id}",
            "SELECT state FROM dag_run WHERE dag_id = ? AND run_id = ? AND state IN (?, ?)",
            (dag_id, run_id, *_DONE),
        )

    def rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """Rows of the metadata database."""
        with contextlib.closing(
            sqlite3.connect(f"file:{self.home / 'airflow.db'}?mode=ro", uri=True, timeout=30)
        ) as database:
            return database.execute(query, values).fetchall()

    def logs(self) -> str:
        """The ends of the logs of all processes and tasks."""
        files = sorted(self.home.glob("*.log")) + sorted(self.home.glob("logs/dag_id=*/**/*.log"))
        return "\n".join(f"--- {file}\n{file.read_text()[-3000:]}" for file in files)

    def _wait(self, what: str, query: str, values: tuple[object, ...]) -> str:
        deadline = time.monotonic() + _LIMIT_S
        while time.monotonic() < deadline:
            ended = [name for name, each in self._processes.items() if each.poll() is not None]
            assert not ended, f"{ended} ended:\n{self.logs()}"
            if found := self.rows(query, values):
                return str(found[0][0])
            time.sleep(0.3)
        raise AssertionError(f"No {what} within {_LIMIT_S:.0f} s:\n{self.logs()}")

    def end(self) -> None:
        """End all processes, with the processes that they started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self._processes.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            for process in self._processes.values():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(20 if number == signal.SIGTERM else 5)


@contextlib.contextmanager
def deployed(home: Path, dags: Path, executor: str, **changes: str) -> Iterator[Deployment]:
    """Airflow with an executor, until the block ends."""
    home.mkdir()
    port, broker = _free_port(), _free_port()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "DAGPROF"))
    }
    redis = f"redis://127.0.0.1:{broker}"
    env = {
        **kept,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTOR": executor,
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__WEBSERVER__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__CELERY__BROKER_URL": f"{redis}/0",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"{redis}/1",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
        # Airflow 2 refuses SQLite with executors that run several tasks at once.
        "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
        **changes,
    }
    deployment = Deployment(home, env)
    try:
        deployment.airflow("db", "migrate")
        if executor == CELERY:
            server = shutil.which("redis-server")
            assert server is not None, "redis-server is not installed"
            options = ("--port", str(broker), "--bind", "127.0.0.1", "--save", "")
            deployment.start("redis", server, *options)
            deployment.start("worker", str(AIRFLOW), "celery", "worker", "--skip-serve-logs")
        deployment.start("scheduler", str(AIRFLOW), "scheduler")
        if not airflow_version(TARGET).startswith("2."):
            deployment.start("dag-processor", str(AIRFLOW), "dag-processor")
            deployment.start("api-server", str(AIRFLOW), "api-server")
        yield deployment
    finally:
        deployment.end()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
