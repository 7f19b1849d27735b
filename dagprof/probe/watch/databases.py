"""Records the use of databases: connections of drivers, statements of SQLAlchemy engines, and
Airflow's own metadata database.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .. import bounds
from ..system.clocks import perf_counter_ns
from .late import LatePatches, replace
from .ledger import Ledger
from .steady import steady

if TYPE_CHECKING:
    from .events import Arguments, Handlers

_DRIVERS = {
    "psycopg2": "connect",
    "psycopg": "connect",
    "pymysql": "connect",
    "MySQLdb": "connect",
    "mysql.connector": "connect",
    "pyodbc": "connect",
    "pymssql": "connect",
    "oracledb": "connect",
    "cx_Oracle": "connect",
    "snowflake.connector": "connect",
    "redshift_connector": "connect",
    "databricks.sql": "connect",
    "trino.dbapi": "connect",
    "clickhouse_driver": "connect",
    "clickhouse_connect": "get_client",
    "vertica_python": "connect",
    "duckdb": "connect",
    "pymongo": "MongoClient",
}
_PLACES = ("host", "server", "account", "server_hostname", "dsn", "hostname")
_DATABASES = ("dbname", "database", "db", "service_name")
_TABLE = re.compile(
    r"\b(?:FROM|INTO|UPDATE|TABLE|JOIN)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?([\w.\"`\[\]]+)", re.I
)
_STARTED = "_dagprof_started"
# dagprof looks for the table in so many characters of a statement, and cuts addresses at so many.
_STATEMENT, _ADDRESS = 20_000, 2000
_SQLITE = "sqlite:///"


class DatabaseWatch:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._metadata_url: object = None
        self._metadata_file = ""

    def events(self) -> Handlers:
        return {"sqlite3.connect": self._on_sqlite}

    def install(self, late: LatePatches, api: object) -> None:
        for name, function in _DRIVERS.items():
            late.add(name, functools.partial(self._patch_driver, name, function))
        late.add("sqlalchemy.engine", self._listen)
        if api is not None:
            self._watch_airflow()

    def _watch_airflow(self) -> None:
        settings = sys.modules.get("airflow.settings")
        engine = getattr(settings, "__dict__", {}).get("engine")
        self._metadata_url = getattr(engine, "url", None)
        # Not the engine's: each worker connects to a database of its own.
        address = str(getattr(settings, "__dict__", {}).get("SQL_ALCHEMY_CONN", ""))
        if engine is not None and address.startswith(_SQLITE):
            self._metadata_file = os.path.abspath(address[len(_SQLITE) :])
        supervisor = sys.modules.get("airflow.sdk.execution_time.supervisor")
        blocked = getattr(supervisor, "BlockedDBSession", None)
        if blocked is not None:
            ordinary = blocked.__init__

            def initialise(session: object, *args: object, **kwargs: object) -> None:
                self._ledger.note("metadata-database", "session (blocked by Airflow)")
                ordinary(session, *args, **kwargs)

            blocked.__init__ = functools.wraps(ordinary)(initialise)

    def _on_sqlite(self, args: Arguments) -> None:
        database = os.fsdecode(args[0])
        known = self._metadata_file
        is_metadata = known != "" and os.path.abspath(database) == known
        # The path of dagprof's copy of Airflow's database differs from run to run.
        kind, what = (
            ("metadata-database", "connect")
            if is_metadata
            else ("database", "connect sqlite " + steady(database))
        )
        self._ledger.note(kind, what)

    def _patch_driver(self, name: str, function: str, module: ModuleType) -> None:
        ordinary = getattr(module, function)

        def connect(*args: object, **kwargs: object) -> object:
            what = "connect %s %s" % (name, _place(args, kwargs))
            return self._ledger.timed("database", what.rstrip(), ordinary, *args, **kwargs)

        replace(module, function, connect)

    def _listen(self, module: ModuleType) -> None:
        event = sys.modules["sqlalchemy.event"]
        event.listen(module.Engine, "before_cursor_execute", self._before)
        event.listen(module.Engine, "after_cursor_execute", self._after)
        event.listen(module.Engine, "handle_error", self._on_error)

    def _before(
        self,
        conn: Any,
        cursor: object,
        statement: object,
        parameters: object,
        context: object,
        many: object,
    ) -> None:
        try:
            url = conn.engine.url
            if self._metadata_url is not None and url == self._metadata_url:
                key = self._ledger.note("metadata-database", statement_text(statement))
            else:
                key = self._ledger.note(
                    "database", "%s on %s" % (statement_text(statement), _url_text(url))
                )
            if key is not None:
                setattr(context, _STARTED, (key, perf_counter_ns()))
        except Exception:
            return

    def _after(
        self,
        conn: object,
        cursor: object,
        statement: object,
        parameters: object,
        context: object,
        many: object,
    ) -> None:
        self._end(context)

    def _on_error(self, context: Any) -> None:
        self._end(context.execution_context)

    def _end(self, context: object) -> None:
        key, started = getattr(context, _STARTED, (None, 0))
        self._ledger.spend(key, perf_counter_ns() - started)


def statement_text(statement: object) -> str:
    """The kind of a statement and its table, without values."""
    text = bounds.plain(statement)[:_STATEMENT].lstrip(" \t\r\n(")
    verb = re.match(r"\w+", text)
    table = _TABLE.search(text)
    return " ".join(
        [verb.group().upper() if verb else "?", *([table.group(1).strip('"`[]')] if table else [])]
    )


def _url_text(url: Any) -> str:
    host = str(url.host or "") + (":%s" % url.port if url.port else "")
    return "%s://%s/%s" % (str(url.drivername).partition("+")[0], host, url.database or "")


def _place(args: tuple[object, ...], kwargs: dict[str, object]) -> str:
    """Host, port and database from a driver's arguments. The other arguments may be secret."""
    found = [kwargs.get(name) for name in _PLACES]
    places = [bounds.plain(value) for value in (*found, *args[:1]) if isinstance(value, str)]
    place = (places or [""])[0][:_ADDRESS]
    database = next((str(kwargs[name]) for name in _DATABASES if kwargs.get(name)), "")
    if "=" in place or "@" in place or "/" in place:
        return _from_dsn(place)
    return (
        place
        + (":%s" % kwargs["port"] if kwargs.get("port") else "")
        + ("/" + database if database else "")
    )


def _from_dsn(dsn: str) -> str:
    if "=" not in dsn.partition("?")[0]:
        return re.sub(r"^[a-z0-9+]+://|^.*@", "", dsn.rpartition("@")[2]).partition("?")[0]
    parts = {name.lower(): value for name, value in re.findall(r"(\w+)\s*=\s*'?([^\s;']+)", dsn)}
    host = parts.get("host") or parts.get("server") or parts.get("hostaddr") or ""
    database = parts.get("dbname") or parts.get("database") or ""
    return (
        host
        + (":" + parts["port"] if "port" in parts else "")
        + ("/" + database if database else "")
    )
