"""The scratch metadata database of Airflow 2, filled as ``airflow db migrate`` leaves it, once a DAG file asks for it.

Migrating takes seconds, so a filled database is kept in the user's cache folder for each combination of Airflow and its
providers, and copied into the scratch folder. A folder whose files never ask pays nothing. In Airflow 3 a parsing
process may not use the database, and gets none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagprof.measure.reading import Reply
from dagprof.measure.target import Target
from dagprof.model import Doubt

_MIGRATE_LIMIT_S = 300.0
# Asks the interpreter that is measured with: what the database looks like depends on these alone.
_VERSIONS = (
    "import importlib.metadata as m\n"
    "names = {d.metadata['Name'] or '': d.version for d in m.distributions()}\n"
    "print(sorted(i for i in names.items() if i[0].lower().startswith(('apache-airflow', 'flask-appbuilder', 'sqlalchemy'))))"
)


class MetadataDatabase:
    """The database of one scan. Used by several threads."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._file = target.scratch / "airflow.db"
        self._lock = threading.Lock()
        self._is_filled = self._failed = False
        self._stamp: tuple[int, int] | None = None
        self.doubts: list[Doubt] = []

    def begin(self) -> None:
        """Airflow is imported: what it did with the database until now is not a DAG file's doing."""
        self._stamp = self._seen()

    @property
    def is_filled(self) -> bool:
        """Whether DAG files find a migrated database by now."""
        return self._is_filled

    def is_wanted(self, reply: Reply, version: str) -> bool:
        """Whether the parse that gave this reply asked for a database that was not filled."""
        if not version.startswith("2.") or self._failed:
            return False
        failures = (reply["result"] or {}).get("failures", ())
        return self._seen() != self._stamp or any("no such table" in row["message"] for row in failures)

    def fill(self) -> bool:
        """Put a migrated database in place; False where that is impossible."""
        with self._lock:
            if self._is_filled or self._failed:
                return self._is_filled
            try:
                self._put(self._kept())
                self._is_filled = True
            except (OSError, subprocess.SubprocessError, sqlite3.Error) as error:
                self._failed = True
                text = f"The scratch metadata database could not be made ({error}); files that query it find no tables."
                self.doubts.append(Doubt(code="no-metadata", text=text))
            return self._is_filled

    def _seen(self) -> tuple[int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _put(self, source: Path) -> None:
        descriptor, name = tempfile.mkstemp(dir=self._target.scratch, suffix=".db")
        os.close(descriptor)
        shutil.copyfile(source, name)
        os.replace(name, self._file)

    def _kept(self) -> Path:
        """A migrated database, from the cache folder or made just now."""
        folder = _cache_folder(self._target.environment)
        name = f"metadata-{self._key()}.db"
        if folder is not None and _is_whole(folder / name):
            return folder / name
        made = self._migrated()
        if folder is None:
            return made
        with contextlib.suppress(OSError):  # a full or read-only cache is no reason to go without
            descriptor, beside = tempfile.mkstemp(dir=folder, suffix=".db")
            os.close(descriptor)
            shutil.copyfile(made, beside)
            os.replace(beside, folder / name)
        return made

    def _key(self) -> str:
        found = self._run([str(self._target.python), "-c", _VERSIONS], self._target.environment)
        return hashlib.sha256(found.stdout.strip()).hexdigest()[:16]

    def _migrated(self) -> Path:
        """A new database in the scratch folder, made by Airflow's own command in an environment without the user's settings."""
        folder = Path(tempfile.mkdtemp(dir=self._target.scratch, prefix="migrate-"))
        file = folder / "airflow.db"
        environment = {
            name: value for name, value in self._target.environment.items() if not name.startswith("AIRFLOW")
        }
        environment.update(
            AIRFLOW_HOME=str(folder),
            AIRFLOW__CORE__LOAD_EXAMPLES="False",
            AIRFLOW__CORE__DAGS_FOLDER=str(folder),
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{file}",
        )
        self._run([str(self._target.python), "-m", "airflow", "db", "migrate"], environment)
        if not _is_whole(file):
            raise OSError("`airflow db migrate` left no default pool")
        return file

    def _run(self, command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command,
            env=dict(environment),
            cwd=self._target.scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_MIGRATE_LIMIT_S,
            check=True,
        )


def _is_whole(file: Path) -> bool:
    """Whether this is a migrated database that can be read."""
    try:
        if not file.is_file():
            return False
        with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            whole = connection.execute("pragma quick_check").fetchall() == [("ok",)]
            return whole and bool(connection.execute("select 1 from slot_pool where pool = 'default_pool'").fetchall())
    except (OSError, sqlite3.Error):
        return False


def _cache_folder(environment: Mapping[str, Any]) -> Path | None:
    """The user's cache folder for dagprof; None where it cannot be written."""
    home = environment.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(home) / "dagprof"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.path.isabs(folder) and os.access(folder, os.W_OK | os.X_OK) else None
