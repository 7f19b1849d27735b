"""Finds the DAG files that a change can reach: first by the text of the sources, then by the files
that traced parses really loaded and read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from dagprof import bounded
from dagprof.attribution.sources import Reach, module_names
from dagprof.measure import texts
from dagprof.model import Measured
from dagprof.model.effects import FILES

# A change in one of these files changes the environment: the installed packages, or how Airflow
# parses.
_ENVIRONMENT = (
    "requirements*.txt",
    "requirements*.in",
    "requirements/*.txt",
    "constraints*.txt",
    "constraints/*.txt",
    "*.lock",
    "pylock*.toml",
    "Pipfile",
    "environment.y*ml",
    "setup.cfg",
    "setup.py",
    "airflow.cfg",
    ".airflowignore",
    "Dockerfile*",
    "docker-compose*.y*ml",
    "compose*.y*ml",
    "airflow_settings.yaml",
    ".env",
    ".python-version",
    "runtime.txt",
)


def environment_changes(changed: Iterable[Path]) -> list[Path]:
    """The changed files that define the installed packages, or how Airflow parses."""
    return [path for path in changed if any(path.match(pattern) for pattern in _ENVIRONMENT)]


def reached(
    changed: Sequence[Path], roots: Sequence[Path], files: Sequence[Path]
) -> dict[Path, frozenset[str]]:
    """The files among ``files`` that a change may reach, by the text of all Python files below
    ``roots``. Each file has the names of the modules through which it reaches the change; none if
    the text does not name them.
    """
    if not changed:
        return {}
    sources, reach = _reach(changed, roots, files)
    really = {os.path.realpath(path) for path in changed}
    linked = {path for path in sources if os.path.realpath(path) in really}
    found = reach.of({*map(str, changed), *linked})
    kept = [path for path in files if str(path) in found]
    return dict(zip(kept, reach.ways(map(str, kept), found), strict=True))


def users(
    helpers: Sequence[Path], roots: Sequence[Path], files: Sequence[Path]
) -> dict[Path, set[Path]]:
    """For each helper, the files among ``files`` that lead to it by import statements in the
    text.
    """
    if not helpers:
        return {}
    _, reach = _reach(helpers, roots, files)
    found = {helper: reach.importing([str(helper)]) for helper in helpers}
    return {
        helper: {path for path in files if str(path) in paths} for helper, paths in found.items()
    }


def _reach(
    paths: Iterable[Path], roots: Sequence[Path], files: Sequence[Path]
) -> tuple[dict[str, bytes], Reach]:
    """The texts of all Python files below ``roots`` and of ``files``, and who imports whom."""
    sources = texts.sources(roots, files)
    pure = [PurePath(root) for root in roots]
    names = {path: module_names(PurePath(path), pure) for path in {*sources, *map(str, paths)}}
    return sources, Reach(sources, names, {str(path) for path in files})


def is_touched(measured: Measured, changed: set[str], root: Path) -> bool:
    """Whether a traced parse loaded or read one of the changed files. Also True if the trace is
    incomplete.
    """
    result = measured.result
    if result.trace is None or result.status.is_failure:
        return True
    loaded = {bounded.real(module.file) for module in measured.modules if module.file}
    read = {
        bounded.real(os.path.join(root, effect.what))
        for effect in result.effects
        if effect.about.group is FILES
    }
    itself = os.path.realpath(os.path.join(root, result.path))
    return not changed.isdisjoint({*loaded, *read, itself}) or not read.isdisjoint(
        map(os.path.dirname, changed)
    )
