"""Functions that build, sort and read tables, and the groupings that a table supports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

import pandas as pd

from dagprof.errors import UsageError

Group = Literal["module", "package", "distribution"]


def check_group(by: str) -> None:
    """Reject an unknown grouping.

    :raises UsageError: the grouping is unknown. The message lists the known groupings.
    """
    if by not in get_args(Group):
        known = ", ".join(get_args(Group))
        raise UsageError(f"Unknown grouping {by!r}. Choose from {known}.")


def table(types: Mapping[str, str], rows: Iterable[Sequence[object]]) -> pd.DataFrame:
    """A table with these columns and types. The function builds the table by column, because rows
    are slow in pandas.
    """
    values = list(zip(*rows, strict=True)) or [()] * len(types)
    named = zip(types.items(), values, strict=True)
    return pd.DataFrame(
        {name: pd.Series(list(column), dtype=kind) for (name, kind), column in named}
    )


def ranked(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """The table, sorted by a column. The largest value comes first. Rows with equal values keep
    their order.
    """
    found: pd.DataFrame = frame.sort_values(by, ascending=False, kind="stable", ignore_index=True)
    return found


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
