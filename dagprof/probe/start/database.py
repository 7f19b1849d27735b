"""The metadata database in the scratch folder: SQLite, with the tables and rows of ``airflow db
migrate``.

dagprof makes it once for each Airflow and keeps it in a cache folder. Later scans copy it. dagprof
never touches the user's own database.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import shutil
import signal
import sys
from typing import TYPE_CHECKING

from ..system import files
from ..system.kernel import die_with_parent

if TYPE_CHECKING:
    from sqlite3 import Connection

_PREFIX = "sqlite:///"


class Database:
    """Makes the database in parallel with other work. ``begin`` copies the cached one, or forks a
    process that makes one. ``finish`` waits for that process.
    """

    def __init__(self, cache: str | None) -> None:
        self._cache = cache
        self._pid = 0
        self._kept = ""
        address = os.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "")
        self._path = address[len(_PREFIX) :] if address.startswith(_PREFIX) else ""

    def begin(self) -> None:
        """Start to make the database. ``airflow`` must be imported."""
        if not self._path or os.path.exists(self._path):
            return
        self._kept = os.path.join(self._cache, _name()) if self._cache else ""
        if self._kept and _is_whole(self._kept) and self._copy(self._kept, self._path):
            return
        self._pid = os.fork()
        if self._pid == 0:
            code = 1
            try:
                die_with_parent(signal.SIGKILL)
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
            self._sweep()

    def _sweep(self) -> None:
        """Remove incomplete copies of killed processes. A process that is copying now continues
        without a kept database.
        """
        folder, name = os.path.split(self._kept)
        try:
            for other in os.listdir(folder):
                if other.startswith(name + ".") and other[len(name) + 1 :].isdigit():
                    os.unlink(os.path.join(folder, other))
        except OSError:
            pass

    def forget(self) -> None:
        """Remove the cached database, because Airflow cannot use it. The next scan makes a new
        one.
        """
        try:
            if self._kept:
                os.unlink(self._kept)
        except OSError:
            pass

    @staticmethod
    def _copy(source: str, target: str) -> bool:
        """Copy to a temporary name, then rename. Return False if that fails."""
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
    """Whether the file starts like an SQLite file and has the size that its header says."""
    try:
        head = files.head(path, 100)
        size = int.from_bytes(head[16:18], "big")
        pages = int.from_bytes(head[28:32], "big")
        return (
            head.startswith(b"SQLite format 3\0")
            and os.path.getsize(path) == (size if size > 1 else 65536) * pages > 0
        )
    except OSError:
        return False


def make(cache: str) -> None:
    """Make the database in a separate process, if no manager has made one."""
    die_with_parent(signal.SIGKILL)
    importlib.import_module("airflow")
    database = Database(cache or None)
    database.begin()
    database.finish()


def _name() -> str:
    """Return a file name for this Airflow and the packages that add tables to its database."""
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
    """Run ``airflow db migrate`` on an empty database. It need not survive power cuts."""
    from airflow import settings

    def hurry(connection: Connection, record: object) -> None:
        for pragma in ("journal_mode=MEMORY", "synchronous=OFF"):
            connection.execute("PRAGMA " + pragma)

    # Airflow brings SQLAlchemy. The probe itself needs no package.
    importlib.import_module("sqlalchemy").event.listen(settings.engine, "connect", hurry)
    settings.engine.dispose()
    from airflow.utils import db

    # ``airflow db migrate`` makes the default pool, but not the default Connections.
    is_choice = "load_connections" in inspect.signature(db.initdb).parameters
    db.initdb(**({"load_connections": False} if is_choice else {}))
