"""Makes a migrated metadata database in the scratch folder for DAG files of Airflow 2, if no
manager has made one.

At the processor temperature Airflow's manager needs the database, so it exists. At the other
temperatures dagprof makes it when a parse first asks for it, and then parses that file again. So a
folder that never asks for it does not pay for it. In Airflow 3 a parsing process may not use the
database, and gets none.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
import threading
from pathlib import Path

from dagprof import bounded
from dagprof.link.messages.reply import Reply
from dagprof.link.target import PROBE, Target, environment_in
from dagprof.model import Doubt

_LIMIT_S = 300.0
# Bytes. A migrated database has one to two million.
_LARGEST = 256 << 20
# Every database that Airflow has migrated is larger.
_LEAST_BYTES = 100_000


class MetadataDatabase:
    """The database of one scan. ``cache`` is the folder that keeps one for later scans. Several
    threads use this object.
    """

    def __init__(self, target: Target, cache: str | None) -> None:
        self._target, self._cache = target, cache
        self._lock = threading.Lock()
        self._is_filled = self._has_failed = False
        # Where it lies and its SHA-256: a DAG file could write there.
        self.made: tuple[str, str] | None = None
        self.doubts: list[Doubt] = []

    def begin(self) -> None:
        """Airflow is imported; its manager may have made the database, which workers have then."""
        file = self._target.scratch / "airflow.db"
        self._is_filled = file.exists() and file.stat().st_size >= _LEAST_BYTES

    @property
    def is_filled(self) -> bool:
        """Whether DAG files already find a migrated database."""
        return self._is_filled

    def is_wanted(self, reply: Reply, version: str) -> bool:
        """Whether the parse that gave this reply asked for a database that was not there."""
        if not version.startswith("2.") or self._has_failed:
            return False
        failures = reply.result.failures if reply.result is not None else ()
        return reply.asked_for_database or any("no such table" in row.message for row in failures)

    def fill(self) -> bool:
        """Make a migrated database; return False if that is impossible."""
        with self._lock:
            if self._is_filled or self._has_failed:
                return self._is_filled
            try:
                file = self._make()
                self.made = str(file), hashlib.sha256(bounded.read(file, _LARGEST)).hexdigest()
                self._is_filled = True
            except (OSError, subprocess.SubprocessError) as error:
                self._has_failed = True
                text = (
                    f"dagprof could not create a temporary metadata database ({error}). DAG files"
                    " that query the database find no tables."
                )
                self.doubts.append(Doubt(code="no-metadata", text=text))
            return self._is_filled

    def _make(self) -> Path:
        """A migrated database in a folder of its own."""
        folder = Path(tempfile.mkdtemp(dir=self._target.scratch, prefix="metadata-"))
        subprocess.run(
            [str(self._target.python), str(PROBE), "database", self._cache or ""],
            env=environment_in(self._target, folder),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_LIMIT_S,
            check=True,
        )
        return folder / "airflow.db"
