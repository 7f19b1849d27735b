"""Finds folders that must be on the path because imports resolve there and nowhere else. It reads
the text of the files and runs nothing.
"""

from __future__ import annotations

import ast
import os
import re
import stat
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)[\w.]*[ \t]+import\b|import[ \t]+(.+))", re.MULTILINE
)
_MOST_FILES = 3_000
_LARGEST_BYTES = 1_000_000
_SKIPPED = {"__pycache__", "node_modules", "site-packages", "venv", "env"}


class NeededFolder(NamedTuple):
    """A folder, a module that a file imports from it, and that file with the line."""

    folder: Path
    module: str
    file: Path
    line: int


def needs(
    searched: Sequence[Path],
    candidates: Sequence[Path],
    known: Sequence[Path],
    installed: Callable[[Collection[str]], Collection[str]],
) -> list[NeededFolder]:
    """The folders among ``candidates`` that files below ``searched`` need on the path. If several
    hold a module, the first counts.

    ``known`` are the folders on the path. ``installed`` says which of some names need no folder.
    """
    offered = [
        (folder, names)
        for folder in candidates
        if (names := modules_in(folder)) and "airflow" not in names
    ]
    wanted = (
        {name for _, names in offered for name in names}
        - set(sys.stdlib_module_names)
        - {"airflow"}
    )
    wanted -= {name for folder in known for name in modules_in(folder)}
    asking: dict[str, Path] = {}
    for file in _files(searched) if wanted else ():
        for name in _named(file) & wanted:
            asking.setdefault(name, file)
    asking = {name: file for name, file in asking.items() if _line(file, name)}
    for name in installed(asking) if asking else ():
        asking.pop(name, None)
    found: dict[Path, NeededFolder] = {}
    for name, file in sorted(asking.items()):
        folder = next(folder for folder, names in offered if name in names)
        found.setdefault(folder, NeededFolder(folder, name, file, _line(file, name)))
    return list(found.values())


def modules_in(folder: Path) -> set[str]:
    """The names that Python can import from a folder: its Python files, and folders with Python
    files somewhere below.
    """
    found: set[str] = set()
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return found
    for entry in entries:
        name, _, ending = entry.name.partition(".")
        if not name.isidentifier() or name in _SKIPPED:
            continue
        if (ending == "py" and os.path.isfile(entry)) or (
            not ending and os.path.isdir(entry) and _holds_python(Path(entry))
        ):
            found.add(name)
    return found


def _holds_python(folder: Path, depth: int = 2) -> bool:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return False
    if any(entry.name.endswith(".py") for entry in entries):
        return True
    below = [
        entry
        for entry in entries
        if entry.name.isidentifier() and entry.is_dir(follow_symlinks=False)
    ]
    return depth > 0 and any(_holds_python(Path(entry), depth - 1) for entry in below[:50])


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    left = _MOST_FILES
    for folder in folders:
        for where, names, files in os.walk(folder):
            names[:] = sorted(
                name for name in names if name not in _SKIPPED and not name.startswith(".")
            )
            for name in sorted(files):
                if name.endswith(".py"):
                    left -= 1
                    yield Path(where, name)
                if not left:
                    return


def _source(file: Path) -> bytes:
    try:
        about = file.stat()  # reading a pipe would never end
        return (
            file.read_bytes()
            if stat.S_ISREG(about.st_mode) and about.st_size <= _LARGEST_BYTES
            else b""
        )
    except OSError:
        return b""


def _named(file: Path) -> set[str]:
    """The first names of all modules that a text may import, including imports in comments and
    strings.
    """
    found: set[str] = set()
    for base, several in _IMPORT.findall(_source(file)):
        parts = (
            [base] if base else [part.split()[0] for part in several.split(b",") if part.split()]
        )
        found.update(part.partition(b".")[0].decode("utf-8", "replace") for part in parts)
    return found


def _line(file: Path, name: str) -> int:
    """The line that imports a module when the file is loaded; 0 if only functions import it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as warnings about invalid escape sequences
            tree = ast.parse(_source(file))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0
    waiting: list[ast.AST] = [tree]
    lines = []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            lines += [node.lineno for alias in node.names if alias.name.partition(".")[0] == name]
        elif (
            isinstance(node, ast.ImportFrom)
            and not node.level
            and (node.module or "").partition(".")[0] == name
        ):
            lines.append(node.lineno)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return min(lines, default=0)
