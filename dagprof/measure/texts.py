"""The texts of the user's Python files."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePath

from dagprof import bounded

_LARGEST_BYTES = 2_000_000
# Folders of installed distributions, on PYTHONPATH too.
_INSTALLED = ("site-packages", "dist-packages")
# Folders with code of others.
_OF_OTHERS = ("node_modules", "site-packages")


def code_folders(environ: Mapping[str, str]) -> list[Path]:
    """The folders besides the bundle root from which DAG files import the user's code: those of
    AIRFLOW_HOME, the plugins folder and PYTHONPATH.
    """
    home, plugins = environ.get("AIRFLOW_HOME"), environ.get("AIRFLOW__CORE__PLUGINS_FOLDER")
    found = [Path(home) / "plugins", Path(home) / "config"] if home else []
    found += [Path(plugins)] if plugins and Path(plugins) not in found else []
    found += [
        Path(part).absolute() for part in environ.get("PYTHONPATH", "").split(os.pathsep) if part
    ]
    return [path for path in found if os.path.isdir(path) and path.name not in _INSTALLED]


def sources(roots: Iterable[Path], files: Iterable[Path]) -> dict[str, bytes]:
    """The texts of all Python files below ``roots``, also behind links, and of ``files``. A link to
    one of the folders above it is not followed.
    """
    found: dict[str, bytes] = {}
    for root in roots:
        for folder, names, inside in os.walk(root, followlinks=True):
            names[:] = [
                name
                for name in names
                if not name.startswith(".")
                and name not in ("__pycache__", "node_modules", "site-packages")
                and not _leads_back(os.path.join(folder, name))
            ]
            for name in inside:
                path = os.path.join(folder, name)
                if name.endswith(".py") and path not in found:
                    found[path] = text_of(Path(path))
    for file in files:
        found.setdefault(str(file), text_of(file))
    return found


def _leads_back(folder: str) -> bool:
    """Whether a folder is a link to one of the folders above it."""
    return os.path.islink(folder) and os.path.realpath(folder) in map(
        os.path.realpath, PurePath(folder).parents
    )


def text_of(path: Path) -> bytes:
    """The beginning of a file; empty if it cannot be read."""
    try:
        return bounded.head(path, _LARGEST_BYTES)
    except OSError:
        return b""


def others(roots: Iterable[Path], suffixes: tuple[str, ...]) -> dict[str, bytes]:
    """The texts of other files below ``roots`` with one of these suffixes, as ``files``."""
    return {str(path): text_of(path) for root in roots for path in files(root, suffixes)}


def files(
    root: Path, suffixes: tuple[str, ...], left_out: Collection[str] = _OF_OTHERS
) -> Iterator[Path]:
    """The files below a folder with one of these suffixes. Links to folders, hidden folders and the
    folders ``left_out`` are not followed.
    """
    for folder, names, inside in os.walk(root):
        names[:] = [name for name in names if not name.startswith(".") and name not in left_out]
        yield from (Path(folder, name) for name in inside if name.endswith(suffixes))
