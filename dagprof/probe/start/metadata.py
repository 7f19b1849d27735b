"""A worker's own copy of the metadata database, for DAG files of Airflow 2.

Whatever a parse does to it is undone before the next one. What it has to hold is kept in memory,
where no DAG file can change it.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from typing import Any

from ..system import files, folders
from .scratch import ensure

FILE = "airflow.db"
# Bytes. A migrated database has one to two million.
_LARGEST = 256 << 20
_VARIABLE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_PREFIX = "sqlite:///"


def migrated(scratch: str) -> bytes | None:
    """The database that Airflow's manager has used here; None where there is none."""
    return _content(os.path.join(scratch, FILE))


def checked(path: str, digest: str) -> bytes | None:
    """A database that dagprof made for this scan; None where it is not that one any more."""
    content = _content(path)
    if content is None or hashlib.sha256(content).hexdigest() != digest:
        return None
    return content


def _content(path: str) -> bytes | None:
    try:
        return files.read(path, _LARGEST) or None
    except OSError:
        return None


class OwnDatabase:
    """The database of one worker in a folder of its own; nothing before ``take_over``.

    ``content`` is None as long as no parse has asked for it.
    """

    def __init__(self, scratch: str, content: bytes | None) -> None:
        self._folder = os.path.join(scratch, "database-%d" % os.getpid())
        self._file = os.path.join(self._folder, FILE)
        self.content = content
        self._is_used = False
        self._before: tuple[tuple[int, ...] | None, ...] = ()

    def take_over(self) -> None:
        """Make Airflow and what asks for its configuration connect here, unless Airflow, which is
        imported, has taken its engine away.
        """
        settings: Any = sys.modules.get("airflow.settings")
        engine = getattr(settings, "__dict__", {}).get("engine")
        if engine is None or engine.url.get_backend_name() != "sqlite":
            return
        self._is_used = True
        self._renew()
        os.environ[_VARIABLE] = settings.SQL_ALCHEMY_CONN = _PREFIX + self._file
        event = importlib.import_module("sqlalchemy").event
        another = getattr(settings.__dict__.get("async_engine"), "sync_engine", None)
        for each in filter(None, (engine, another)):
            event.listen(each, "do_connect", self._connect_here)

    def _connect_here(
        self, dialect: object, record: object, arguments: list[object], options: object
    ) -> None:
        arguments[:1] = [self._file]

    def fill(self, content: bytes | None) -> None:
        """Have the database from now on, where there was none."""
        if self.content is None and content is not None:
            self.content = content
            if self._is_used:
                self._renew()

    def undo(self) -> bool:
        """Undo what a parse has done; whether it asked for a database that was not there."""
        if not self._is_used or self._now() == self._before:
            return False
        was_asked = self.content is None and os.path.lexists(self._file)
        self._renew()
        return was_asked

    def _renew(self) -> None:
        try:
            ensure(os.path.dirname(self._folder))
            folders.remove(self._folder)
            os.mkdir(self._folder)
            if self.content is not None:
                with open(self._file, "xb") as file:
                    file.write(self.content)
        except OSError:  # a full disk; or somebody put something else there
            pass
        self._before = self._now()

    def _now(self) -> tuple[tuple[int, ...] | None, ...]:
        """What changes with the folder and the file: the kernel notes the last time by itself."""
        return _signature(self._folder), _signature(self._file)


def _signature(path: str) -> tuple[int, ...] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
