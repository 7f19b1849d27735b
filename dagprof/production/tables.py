"""The tables of a metadata database as a ``Production``."""

from __future__ import annotations

from typing import Any, NamedTuple

from dagprof.errors import UsageError
from dagprof.model import Production, ProductionSource
from dagprof.production.place import Place
from dagprof.production.rows import DAGS, DURATION, ERRORS, production


class Table(NamedTuple):
    """One table: the columns that exist, and the values of these columns."""

    columns: list[str]
    rows: list[list[Any]]


# By name; a table that the database lacks has no entry.
Tables = dict[str, Table]


def of_tables(place: Place, tables: Tables) -> Production:
    """What the tables of a metadata database say about DAG files.

    :raises UsageError: the database is not the database of an Airflow.
    """
    dags = tables.get(DAGS)
    if dags is None or "fileloc" not in dags.columns:
        raise UsageError(
            f"{place.shown} is not an Airflow metadata database, because the table `dag` is"
            " missing. Set --from-airflow to the value of `sql_alchemy_conn` in the section"
            " [database] of Airflow's configuration."
        )
    errors = tables.get(ERRORS, Table([], []))
    return production(
        place,
        ProductionSource.DATABASE,
        (dict(zip(dags.columns, row, strict=True)) for row in dags.rows),
        (dict(zip(errors.columns, row, strict=True)) for row in errors.rows),
        has_durations=DURATION in dags.columns,
    )
