"""YAML of a repository as mappings and lists that know the line of each entry."""

from __future__ import annotations


class Lined(dict[str, object]):
    """A mapping that knows on which line each key stands, counted from 1."""

    lines: dict[str, int]


class LinedList(list[object]):
    """A list that knows on which line each item stands, counted from 1."""

    lines: list[int]
