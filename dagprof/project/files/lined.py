"""Mappings and lists from YAML of a repository, with the line of each entry."""

from __future__ import annotations


class Lined(dict[str, object]):
    """A mapping with the line of each key, counted from 1."""

    lines: dict[str, int]


class LinedList(list[object]):
    """A list with the line of each item, counted from 1."""

    lines: list[int]
