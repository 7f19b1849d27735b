"""Finds modules in a repository that could not be found on the path."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dagprof.model import Home

_DEEPEST = 3
_MOST_FOLDERS = 4_000
_SKIPPED = {"__pycache__", "node_modules", "site-packages", "dist", "build", "logs"}


def homes(
    modules: Iterable[str],
    root: Path,
    dags: Path,
    path: Sequence[Path],
    start: Path,
    near: Iterable[Path] = (),
) -> tuple[Home, ...]:
    """The location of each module that is somewhere in the project. Folders on the path do not
    count.

    ``start`` is the user's working directory: paths in options are relative to it. ``near`` holds
    the files that import the modules; the folders of these files are the likeliest locations.
    """
    found = []
    wanted = sorted(set(modules))
    beside = [file.parent for file in near if root in file.parents]
    folders = list(dict.fromkeys((*beside, *_folders(root, dags)))) if wanted else []
    for module in wanted:
        for folder in folders:
            entry = _entry(folder, module) if folder not in path else None
            if entry is not None:
                found.append(_home(module, folder, entry, root, start))
                break
    return tuple(found)


def _home(module: str, folder: Path, entry: str, root: Path, start: Path) -> Home:
    inside = os.path.relpath(folder, start)
    shown = str(folder) if inside.startswith("..") else inside
    option = "--plugins" if folder.name == "plugins" else "--pythonpath"
    where = "the project root" if folder == root else folder.relative_to(root).as_posix() + "/"
    return Home(module=module, entry=entry, folder=where, option=f"{option} {shown}")


def _entry(folder: Path, module: str) -> str | None:
    """The file or folder of a module's first name if the folder holds the whole module; otherwise
    None.
    """
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):  # DAG code can name anything
        return None
    whole = folder.joinpath(*parts)
    if os.path.isfile(whole.with_name(whole.name + ".py")) or (
        os.path.isdir(whole) and any(whole.glob("**/*.py"))
    ):
        return f"{parts[0]}.py" if len(parts) == 1 and not os.path.isdir(whole) else f"{parts[0]}/"
    return None


def _folders(root: Path, dags: Path) -> Iterator[Path]:
    """The folders to search: the project root, those from the DAG folder upwards, then all that are
    not nested deeply.
    """
    above = [folder for folder in dags.parents if root in folder.parents]
    yield from dict.fromkeys((root, *above, root / "plugins", root / "src", root / "include"))
    waiting, left = [(root, 0)], _MOST_FOLDERS
    while waiting and left:
        folder, depth = waiting.pop(0)
        left -= 1
        if depth:
            yield folder
        try:
            entries = (
                sorted(os.scandir(folder), key=lambda entry: entry.name) if depth < _DEEPEST else []
            )
        except OSError:
            continue
        waiting += [
            (Path(entry), depth + 1)
            for entry in entries
            if not entry.name.startswith((".", "venv"))
            and entry.name not in _SKIPPED
            and entry.is_dir(follow_symlinks=False)
        ]
