"""Detects that the user scanned only a part of a DAG folder. The imports of the scanned files then
resolve from a parent folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from dagprof import bounded
from dagprof.model import Doubt, FileResult
from dagprof.quantities import count

_MISSING = re.compile(r"No module named '(\w+)")
_HIGHEST = 4
_MOST_FILES = 200


def doubts(files: Iterable[FileResult], root: Path) -> list[Doubt]:
    """Return a note for each folder above ``root`` that looks like the DAG folder and holds modules
    that files below could not import.
    """
    asked: dict[str, int] = {}
    for file in files:
        for module in {
            found[1] for failure in file.failures if (found := _MISSING.match(failure.message))
        }:
            asked[module] = asked.get(module, 0) + 1
    above = list(root.parents)[:_HIGHEST]
    homes: dict[Path, list[str]] = {}
    for module in asked:
        home = next(
            (folder for folder in above if _holds(folder, module) and _looks_like_dags(folder)),
            None,
        )
        if home is not None:
            homes.setdefault(home, []).append(module)
    return [
        _doubt(home, modules, max(asked[each] for each in modules))
        for home, modules in homes.items()
    ]


def _doubt(home: Path, modules: list[str], files: int) -> Doubt:
    text = (
        f"{count(files, 'file')} cannot import {', '.join(sorted(modules))} from {home}, because"
        f" {home} is above the scanned folder. If {home} is the DAG folder, add --bundle-root"
        f" {home}."
    )
    return Doubt(code="bundle-root", text=text)


def _holds(folder: Path, module: str) -> bool:
    try:
        package = folder / module
        return (folder / f"{module}.py").is_file() or (
            package.is_dir() and any(package.glob("*.py"))
        )
    except OSError:
        return False


def _looks_like_dags(folder: Path) -> bool:
    """Decide by the folder's name, by an ``.airflowignore``, or by a file with the words of a DAG
    file.
    """
    try:
        if folder.name == "dags" or (folder / ".airflowignore").is_file():
            return True
        return any(_is_dag_like(file) for file in _first_files(folder))
    except OSError:
        return False


def _first_files(folder: Path) -> Iterator[Path]:
    for number, file in enumerate(folder.glob("*.py")):
        if number == _MOST_FILES:
            return
        yield file


def _is_dag_like(file: Path) -> bool:
    try:
        text = bounded.head(file, 100_000).lower()
    except OSError:
        return False
    return b"airflow" in text and b"dag" in text
