"""The request for tables of a metadata database, and its answer."""

from __future__ import annotations

from typing import Any, TypedDict


class TableRequest(TypedDict):
    """A SQLAlchemy URL, and the wanted columns of each table."""

    url: str
    columns: dict[str, list[str]]


class FoundTables(TypedDict, total=False):
    """Each table as its existing columns and its rows, or the reason why there is none."""

    tables: dict[str, Any]
    failed: str
    lacks_driver: bool
