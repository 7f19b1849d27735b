"""Runs Airflow's real DAG processor over a generated folder, changes DAG files meanwhile, and
records when each parse starts and when Airflow stores each result.

A trigger of the metadata database records each stored result. The DAG files record each start.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from common import environment
from loop_folders import Folder
from standalone_state import PORT, postgres

BINARIES = Path("/usr/lib/postgresql/15/bin")
_LITE = """
CREATE TABLE bench_stored (dag_id TEXT, version TEXT, at REAL);
CREATE TRIGGER bench_updated AFTER UPDATE OF last_parsed_time ON dag BEGIN
    INSERT INTO bench_stored VALUES
        (NEW.dag_id, NEW.description, (julianday('now') - 2440587.5) * 86400.0);
END;
CREATE TRIGGER bench_inserted AFTER INSERT ON dag BEGIN
    INSERT INTO bench_stored VALUES
        (NEW.dag_id, NEW.description, (julianday('now') - 2440587.5) * 86400.0);
END;
"""
_POSTGRES = """
CREATE TABLE bench_stored (dag_id TEXT, version TEXT, at DOUBLE PRECISION);
CREATE FUNCTION bench_store() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO bench_stored VALUES
        (NEW.dag_id, NEW.description, extract(epoch FROM clock_timestamp()));
    RETURN NEW;
END $$;
CREATE TRIGGER bench_stored AFTER INSERT OR UPDATE ON dag
    FOR EACH ROW EXECUTE FUNCTION bench_store();
"""
_READ = "SELECT dag_id, version, at FROM bench_stored ORDER BY at"


@dataclass
class Observed:
    """The times are seconds since the epoch. ``edits`` are DAG id, version, time and kind: ``random``
    at any time, ``worst`` just after a parse of the file started, ``touched`` for all files at once
    without a change of their text.
    """

    starts: list[tuple[str, float]] = field(default_factory=list)
    stores: list[tuple[str, str, float]] = field(default_factory=list)
    edits: list[tuple[str, str, float, str]] = field(default_factory=list)


class Database:
    """The metadata database with the trigger."""

    def __init__(self, home: Path, address: str) -> None:
        self._file, self.address = home / "airflow.db", address

    def install(self) -> None:
        if self.address:
            self._psql(_POSTGRES)
            return
        with contextlib.closing(sqlite3.connect(self._file)) as lite:
            lite.executescript(_LITE)

    def stores(self) -> list[tuple[str, str, float]]:
        if self.address:
            lines = self._psql(_READ).splitlines()
            return [
                (dag, version, float(at)) for dag, version, at in (row.split("|") for row in lines)
            ]
        with contextlib.closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as lite:
            return list(lite.execute(_READ))

    @staticmethod
    def _psql(text: str) -> str:
        command = [BINARIES / "psql", "-h", "127.0.0.1", "-p", PORT, "-U", "airflow", "-Atq"]
        done = subprocess.run(
            [*map(str, command), "-v", "ON_ERROR_STOP=1", "-c", text],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout


@dataclass(frozen=True)
class Deployment:
    """The interpreter of Airflow, its version, and the address of a PostgreSQL database. Without an
    address, Airflow uses SQLite.
    """

    python: Path
    version: str
    address: str
    path: str = ""

    def settings(self, folder: Folder, processes: int) -> dict[str, str]:
        """Airflow's settings, as environment variables."""
        found = {
            "AIRFLOW__CORE__DAGS_FOLDER": str(folder.path),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        if self.path:
            found["PYTHONPATH"] = self.path
        if self.address:
            found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = self.address
            found["AIRFLOW__CORE__EXECUTOR"] = "LocalExecutor"
            found["AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR"] = "True"
        section = "SCHEDULER" if self.version.startswith("2.") else "DAG_PROCESSOR"
        for name, value in {**folder.settings, "parsing_processes": str(processes)}.items():
            found[f"AIRFLOW__{section}__{name.upper()}"] = value
        return found


@contextlib.contextmanager
def database(uses_postgres: bool) -> Iterator[str]:
    """The address of an empty PostgreSQL database, or an empty address for SQLite."""
    with postgres(BINARIES) if uses_postgres else contextlib.nullcontext("") as address:
        yield address


def observe(
    deployment: Deployment, folder: Folder, processes: int, home: Path, seconds: float
) -> Observed:
    """Run the processor for at most ``seconds``, and return what happened."""
    home.mkdir(parents=True)
    starts = home / "starts"
    env = environment(home, LOOP_STARTS=str(starts), **deployment.settings(folder, processes))
    airflow = str(deployment.python.parent / "airflow")
    subprocess.run([airflow, "db", "migrate"], env=env, check=True, capture_output=True)
    stored = Database(home, deployment.address)
    stored.install()
    with _running(airflow, env, home / "log"):
        edits = _Editor(folder, stored, starts, seconds).edit()
    return Observed(_starts(starts), stored.stores(), edits)


def _starts(file: Path) -> list[tuple[str, float]]:
    lines = file.read_text().splitlines() if file.exists() else []
    return [(name, float(at)) for name, at in (line.split() for line in lines)]


@contextlib.contextmanager
def _running(airflow: str, env: Mapping[str, str], log: Path) -> Iterator[None]:
    from live import processor

    with processor("dag-processor", env, log, Path(airflow)):
        yield


class _Editor:
    """Waits for the first round, changes files one by one, and at the end touches all files."""

    def __init__(self, folder: Folder, stored: Database, starts: Path, seconds: float) -> None:
        self._folder, self._stored, self._starts = folder, stored, starts
        self._end = time.time() + seconds
        self._edits: list[tuple[str, str, float, str]] = []
        self._pending: dict[str, str] = {}
        self._random = random.Random(17)
        self._read = 0

    def edit(self) -> list[tuple[str, str, float, str]]:
        names = self._folder.names
        while len({dag for dag, _, _ in self._stored.stores()}) < len(names):
            if time.time() > self._end:
                raise SystemExit("The processor did not finish one round in time.")
            time.sleep(1)
        time.sleep(self._folder.settling_s)
        self._single(self._end - self._folder.last_s)
        if self._folder.last_s:
            self._touch()
        return self._edits

    def _touch(self) -> None:
        """Make all files look new, in their order, and wait until Airflow has parsed all of them."""
        now = time.time()
        for number, name in enumerate(self._folder.names):
            os.utime(self._folder.path / f"{name}.py", (now, now - 0.0001 * number))
            self._edits.append((name, "", now, "touched"))
        while time.time() < self._end:
            time.sleep(0.5)
            if {dag for dag, _, at in self._stored.stores() if at > now} >= set(self._folder.names):
                return

    def _single(self, until: float) -> None:
        """Change half of the chosen files just after a parse of them started, and the other half at
        random times. Then wait for the results, so that slow results count too.
        """
        chosen = self._random.sample(
            self._folder.names, min(self._folder.edits, len(self._folder.names))
        )
        worst, others = set(chosen[::2]), chosen[1::2]
        now = time.time()
        last = now + (0.4 if chosen else 1.0) * (until - now)
        due = sorted(self._random.uniform(now, last) for _ in others)
        self._started()
        while time.time() < last:
            for name in worst.intersection(self._started()):
                worst.discard(name)
                self._write(name, "worst")
            while due and due[0] <= time.time():
                del due[0]
                self._write(others.pop(), "random")
            time.sleep(0.01)
        self._wait(until)

    def _started(self) -> list[str]:
        """The files whose parses started since the last call."""
        with self._starts.open() as stream:
            stream.seek(self._read)
            lines = stream.read()
        whole = lines[: lines.rfind("\n") + 1]
        self._read += len(whole)
        return [line.split()[0] for line in whole.splitlines()]

    def _write(self, name: str, kind: str) -> None:
        version = f"v{len(self._edits) + 1}"
        at = time.time()
        self._folder.write(name, version)
        self._pending[name] = version
        self._edits.append((name, version, at, kind))

    def _wait(self, until: float) -> None:
        """Wait until Airflow has stored all changes."""
        while self._pending and time.time() < until:
            time.sleep(0.5)
            seen = {(dag, version) for dag, version, _ in self._stored.stores()}
            left = {name: each for name, each in self._pending.items() if (name, each) not in seen}
            self._pending = left
