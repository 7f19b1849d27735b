"""The metadata database in the scratch folder: SQLite, with the tables and rows of ``airflow db
migrate``.

Made once for each Airflow and kept in a cache folder; later scans copy it. The user's own database
is never touched.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite3 import Connection

_PREFIX = "sqlite:///"


class Database:
    """Made beside other work: ``begin`` copies the kept one, or forks a process that makes it;
    ``finish`` waits.
    """

    def __init__(self, cache: str | None) -> None:
        self._cache = cache
        self._pid = 0
        self._kept = ""
        address = os.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "")
        self._path = address[len(_PREFIX) :] if address.startswith(_PREFIX) else ""

    def begin(self) -> None:
        """Needs ``airflow`` imported."""
        if not self._path or os.path.exists(self._path):
            return
        self._kept = os.path.join(self._cache, _name()) if self._cache else ""
        if self._kept and _is_whole(self._kept) and self._copy(self._kept, self._path):
            return
        self._pid = os.fork()
        if self._pid == 0:
            code = 1
            try:
                _make()
                code = 0
            except BaseException as error:
                sys.stderr.write(
                    "dagprof probe: no metadata database: %s: %s\n" % (type(error).__name__, error)
                )
                sys.stderr.flush()
            finally:
                os._exit(code)

    def finish(self) -> None:
        if not self._pid:
            return
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        if status == 0 and self._kept:
            self._copy(self._path, self._kept)

    def forget(self) -> None:
        """Remove the kept one, which Airflow cannot use: the next scan recreates it."""
        try:
            if self._kept:
                os.unlink(self._kept)
        except OSError:
            pass

    @staticmethod
    def _copy(source: str, target: str) -> bool:
        """Copy by way of a file that is renamed; False where that does not work."""
        partial = "%s.%d" % (target, os.getpid())
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, partial)
            os.replace(partial, target)
        except OSError:
            if os.path.exists(partial):
                os.unlink(partial)
            return False
        return True


def _is_whole(path: str) -> bool:
    """Whether the file begins as SQLite's do and is as long as it says."""
    try:
        with open(path, "rb") as file:
            head = file.read(100)
        size = int.from_bytes(head[16:18], "big")
        pages = int.from_bytes(head[28:32], "big")
        return (
            head.startswith(b"SQLite format 3\0")
            and os.path.getsize(path) == (size if size > 1 else 65536) * pages > 0
        )
    except OSError:
        return False


def make(cache: str) -> None:
    """The database, in a process of its own: where no manager has made one."""
    importlib.import_module("airflow")
    database = Database(cache or None)
    database.begin()
    database.finish()


def _name() -> str:
    """One for each Airflow with what adds tables to it."""
    import airflow
    from airflow.configuration import conf

    managers = conf.get("database", "external_db_managers", fallback="") or ""
    key = "|".join(
        [
            "without Connections",
            airflow.__version__,
            managers,
            _version_of_fab(),
            str(sys.version_info[:2]),
        ]
    )
    return "metadata-%s-%s.db" % (
        airflow.__version__,
        hashlib.sha256(key.encode()).hexdigest()[:12],
    )


def _version_of_fab() -> str:
    try:
        import importlib.metadata as metadata

        return metadata.version("apache-airflow-providers-fab")
    except Exception:
        return ""


def _make() -> None:
    """``airflow db migrate`` on an empty database that needs no care for power cuts."""
    from airflow import settings

    def hurry(connection: Connection, record: object) -> None:
        for pragma in ("journal_mode=MEMORY", "synchronous=OFF"):
            connection.execute("PRAGMA " + pragma)

    # Airflow brings SQLAlchemy; the probe itself needs no package.
    importlib.import_module("sqlalchemy").event.listen(settings.engine, "connect", hurry)
    settings.engine.dispose()
    from airflow.utils import db

    # The command makes the pool, and leaves the default Connections to another one.
    is_choice = "load_connections" in inspect.signature(db.initdb).parameters
    db.initdb(**({"load_connections": False} if is_choice else {}))
