"""Reads tables of a metadata database with the SQLAlchemy and the driver of this interpreter.
Nothing is written.
"""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

from .. import bounds

if TYPE_CHECKING:
    from ..protocol.tables import FoundTables, TableRequest

# Holds for one transaction only, because a connection pool of the server may give the session to
# Airflow afterwards.
_READ_ONLY = "SET TRANSACTION READ ONLY"
# Of a stack trace, dagprof reads only the end. No other text is this long.
_LONGEST = 20_001
_WITH_READ_ONLY = ("postgresql", "mysql", "mariadb")


def write(output: str) -> None:
    """Read a request from the standard input, as JSON. Write the tables, or the reason why there
    are none, into the file ``output``. The URL never stands on a command line.
    """
    request: TableRequest = json.load(sys.stdin)
    found: FoundTables
    try:
        found = {"tables": _tables(request)}
    except ImportError as error:
        found = {"tables": {}, "failed": bounds.plain(error), "lacks_driver": True}
    except Exception as error:
        # The driver's own error is shorter, and holds no statement.
        cause = getattr(error, "orig", None) or error
        found = {"tables": {}, "failed": bounds.plain(cause)}
    with open(output, "w", encoding="ascii") as stream:
        json.dump(found, stream)


def _tables(request: TableRequest) -> dict[str, Any]:
    import sqlalchemy

    engine = sqlalchemy.create_engine(request["url"], poolclass=sqlalchemy.pool.NullPool)
    text = sqlalchemy.text
    with engine.connect() as connection:
        if engine.dialect.name in _WITH_READ_ONLY:
            connection.execute(text(_READ_ONLY))
        found = {}
        inspector = sqlalchemy.inspect(connection)
        existing = set(inspector.get_table_names())
        for name, wanted in request["columns"].items():
            if name not in existing:
                continue
            present = {column["name"] for column in inspector.get_columns(name)}
            columns = [column for column in wanted if column in present]
            if not columns:
                continue
            rows = connection.execute(text("SELECT %s FROM %s" % (", ".join(columns), name)))
            found[name] = [columns, [[_value(value) for value in row] for row in rows]]
    return found


def _value(value: Any) -> Any:
    """The value as JSON holds it."""
    if isinstance(value, str):
        return value[-_LONGEST:]
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return str(value)
