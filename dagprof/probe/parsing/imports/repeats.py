"""Drops repeated rows from a flat list."""

from __future__ import annotations

from typing import Any


def without_repeats(rows: list[Any], fields: int, most: int) -> tuple[list[Any], int]:
    """Return the first ``most`` different rows as a flat list, and the number of other different
    rows. A row has ``fields`` values.

    Names and numbers are compared by value. Other values, such as the namespaces of modules, are
    compared by identity.
    """
    seen = set()
    found: list[Any] = []
    for row in zip(*[iter(rows)] * fields):
        key = tuple([value if type(value) in (int, str, bool) else id(value) for value in row])
        if key not in seen:
            seen.add(key)
            if len(seen) <= most:
                found.extend(row)
    return found, max(0, len(seen) - most)
