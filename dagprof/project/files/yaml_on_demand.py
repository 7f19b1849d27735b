"""Reads YAML of a repository, and imports the YAML library only if there is some."""

from __future__ import annotations


def load(text: str, *, is_typed: bool = False) -> object:
    """Call ``bounded_yaml.load``, imported here: most scans find no YAML, and PyYAML takes 20 ms to
    import.
    """
    from dagprof.project.files import bounded_yaml

    return bounded_yaml.load(text, is_typed=is_typed)
