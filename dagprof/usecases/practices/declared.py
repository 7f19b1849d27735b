"""Finds the distributions that a project declares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dagprof.practices.image.names import normalised
from dagprof.practices.subject import Declared
from dagprof.project.files import requirements
from dagprof.project.layout import project_root, repository_top
from dagprof.project.reading import Repository
from dagprof.project.values import Unreadable

# A requirements file may include others.
_MOST_FILES = 20


def declared(dags: Path) -> Declared | None:
    """The declared distributions of the project around a DAG folder; None if there are none."""
    root = project_root(dags) if dags.is_dir() else None
    if root is None:
        return None
    repository = Repository(root, repository_top(root))
    lines: dict[str, tuple[str, int]] = {}
    read: list[str] = []
    waiting = list(_files(root))
    seen: set[Path] = set()
    generated: set[str] = set()
    while waiting and len(seen) < _MOST_FILES:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        try:
            text = repository.text(path)
        except Unreadable:
            continue
        if text is None:
            continue
        if path.suffix == ".toml":
            names = list(requirements.of_pyproject(text))
        else:
            names = list(requirements.of_requirements(text))
            waiting += [path.parent / each for each in requirements.included(text)]
        shown = os.path.relpath(path, dags)
        if path.suffix != ".toml" and requirements.is_generated(text):
            generated.add(shown)
        read += [repository.shown(path)] if names else []
        for name, line in names:
            lines.setdefault(normalised(name), (shown, line))
    return Declared(lines, tuple(read), frozenset(generated)) if lines else None


def _files(root: Path) -> Iterator[Path]:
    """The files of a project that may declare distributions."""
    for folder in (root, root / "requirements"):
        if folder.is_dir():
            yield from sorted(
                each for each in folder.iterdir() if requirements.is_requirements(each)
            )
    yield root / "pyproject.toml"
