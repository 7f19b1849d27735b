"""Reads the distributions that a project declares: requirements files and ``pyproject.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_NAME = re.compile(r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")
_INCLUDED = re.compile(r"\s*(?:-r|--requirement)[ =]\s*(?P<file>\S+)")
_ARRAY = re.compile(r"^\s*(?:dependencies|[\w.-]+)\s*=\s*\[")
_QUOTED = re.compile(r"[\"'](?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)[^\"']*[\"']")


def of_requirements(text: str) -> Iterator[tuple[str, int]]:
    """The names in a requirements file, each with its line."""
    for number, line in enumerate(text.splitlines(), 1):
        match = _NAME.match(line)
        if match:
            yield match["name"], number


def included(text: str) -> list[str]:
    """The other requirements files that a requirements file includes."""
    return [match["file"] for line in text.splitlines() if (match := _INCLUDED.match(line))]


def of_pyproject(text: str) -> Iterator[tuple[str, int]]:
    """The names in the arrays of ``[project]`` and of its optional dependencies, each with its
    line.
    """
    table, is_inside = "", False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            table, is_inside = line.strip().strip("[]"), False
        elif table in ("project", "project.optional-dependencies", "dependency-groups"):
            begins = _ARRAY.match(line) is not None and (
                table != "project" or line.lstrip().startswith("dependencies")
            )
            if begins or is_inside:
                for match in _QUOTED.finditer(line):
                    yield match["name"], number
                is_inside = "]" not in line


def is_requirements(path: Path) -> bool:
    """Whether the name of a file is usual for a requirements file."""
    return (path.suffix in (".txt", ".in") and "requirements" in (path.name, path.parent.name)) or (
        path.name.startswith("requirements") and path.suffix in (".txt", ".in")
    )
