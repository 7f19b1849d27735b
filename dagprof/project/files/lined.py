"""YAML of a repository as mappings and lists that know the line of each entry."""

from __future__ import annotations


class Lined(dict[str, object]):
    """A mapping that knows on which line each key stands, counted from 1."""

    lines: dict[str, int]


class LinedList(list[object]):
    """A list that knows on which line each item stands, counted from 1."""

    lines: list[int]


def load(text: str, *, is_typed: bool = False) -> object:
    """As ``bounded_yaml.load``, which is imported here: most scans find no YAML, and PyYAML
    takes 20 ms to import.
    """
    from dagprof.project.files import bounded_yaml

    return bounded_yaml.load(text, is_typed=is_typed)
