"""YAML of a repository as mappings and lists that know the line of each entry."""

from __future__ import annotations

from typing import Any


class Lined(dict[Any, Any]):
    """A mapping that knows on which line each key stands, counted from 1."""

    lines: dict[Any, int]


class LinedList(list[Any]):
    """A list that knows on which line each item stands, counted from 1."""

    lines: list[int]


def load(text: str, *, is_typed: bool = False) -> Any:
    """As ``bounded_yaml.load``, which is imported here: most scans find no YAML, and PyYAML takes 20 ms to import."""
    from dagprof.project.files import bounded_yaml

    return bounded_yaml.load(text, is_typed=is_typed)
