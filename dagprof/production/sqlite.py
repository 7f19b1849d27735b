"""Reads an SQLite metadata database, without writing to it."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import time
from collections.abc import Collection
from pathlib import Path

from dagprof import bounded
from dagprof.errors import UsageError
from dagprof.production.rows import COLUMNS
from dagprof.production.tables import Table, Tables

_TIMEOUT_S = 10.0
# A view can be endless. SQLite checks the limit after so many of its instructions.
_LIMIT_S, _INSTRUCTIONS, _MOST_ROWS = 60.0, 100_000, 1_000_000


def read(path: str) -> Tables:
    """The rows of the tables in ``COLUMNS``.

    :raises UsageError: the file is no database, or the database is locked.
    """
    try:
        address = f"{Path(path).as_uri()}?{_mode(path)}"
        with contextlib.closing(
            sqlite3.connect(address, uri=True, timeout=_TIMEOUT_S)
        ) as connection:
            connection.execute("PRAGMA query_only = ON")
            until = time.monotonic() + _LIMIT_S
            connection.set_progress_handler(lambda: time.monotonic() > until, _INSTRUCTIONS)
            connection.text_factory = lambda data: data.decode("utf-8", "replace")
            tables = {name: _table(connection, name, COLUMNS[name]) for name in COLUMNS}
    except (sqlite3.Error, OSError, ValueError) as error:
        raise UsageError(
            f"Cannot read the SQLite database {path!r} ({error}). Set --from-airflow to the"
            " file airflow.db in the AIRFLOW_HOME of the deployment."
        ) from error
    return {name: table for name, table in tables.items() if table is not None}


def _mode(path: str) -> str:
    """The read-only mode that makes no file. SQLite would make the files ``-wal`` and ``-shm`` for
    a database in WAL mode that no process has open.
    """
    is_wal = bounded.head(path, 20)[18:20] == b"\x02\x02"
    return "immutable=1" if is_wal and not os.path.exists(f"{path}-wal") else "mode=ro"


def _table(connection: sqlite3.Connection, name: str, wanted: Collection[str]) -> Table | None:
    """The wanted columns of one table. None if the table has none of them."""
    found = {str(row[1]) for row in connection.execute(f"PRAGMA table_info({name})")}
    columns = [column for column in wanted if column in found]
    if not columns:
        return None
    rows = connection.execute(f"SELECT {', '.join(columns)} FROM {name}")
    kept = [list(row) for row in itertools.islice(rows, _MOST_ROWS + 1)]
    if len(kept) > _MOST_ROWS:
        raise ValueError(f"the table {name} has more than {_MOST_ROWS:,} rows")
    return Table(columns, kept)
