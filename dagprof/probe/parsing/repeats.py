"""Rows that stand one after the other in a flat list, each once."""

from __future__ import annotations

from typing import Any


def without_repeats(rows: list[Any], fields: int, most: int) -> tuple[list[Any], int]:
    """The first of all equal rows of so many fields, again as a flat list, and how many different
    ones are not among the first ``most``.

    Other values than names and numbers, such as modules' namespaces, are compared by identity.
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
