"""Lists the files to measure, and the files that Airflow skips. Airflow's own functions give the
reason for each.

This code runs in a fork of the zygote, so modules that the user's ``might_contain_dag_callable``
imports do not stay.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from typing import TYPE_CHECKING, Callable, Iterator

from .. import bounds, faults
from ..system.files import LARGEST_SOURCE, read
from ..versions import listing

if TYPE_CHECKING:
    from ..protocol.rows import TextRow
    from ..protocol.zygote import Failed, Listing, Twice
    from ..versions.airflow_api import AirflowApi

# The words that Airflow's own test looks for, in one version or another.
_WORDS = ("airflow", "dag", "asset")


def discover(api: AirflowApi, paths: list[str], safe_mode: bool | None) -> Listing | Failed:
    """List the files below the root that Airflow would parse, restricted to ``paths``, and the
    skipped files with the reason.

    ``safe_mode`` is the user's choice; None means Airflow's configuration. Each row of ``skipped``
    is a path, a reason and its detail. ``passed_over`` has such rows for files that are measured
    because the user switched safe mode off.
    """
    is_safe = is_safe_mode(api, safe_mode)
    is_forced = safe_mode is False
    judge = _Judge()
    if any(os.path.isdir(path) or not _is_surely_listed(path, api.root) for path in paths):
        walk = _Walk(api.root)
        try:
            walk.start()
            judge.every = set(api.list_files(api.root, False))
        except RuntimeError as error:
            twice = walk.twice()
            if twice is None:
                raise
            return {"failed": str(error), "twice": twice}
        finally:
            walk.stop()
        if is_safe or is_forced:
            judge.passing = set(api.list_files(api.root, True))
    return _sorted_out(
        _asked_for(paths, judge.every or set()), judge, is_safe=is_safe, is_forced=is_forced
    )


def is_safe_mode(api: AirflowApi, safe_mode: bool | None) -> bool:
    """Whether safe mode is on, by the user's choice or else by Airflow's configuration."""
    if safe_mode is not None:
        return bool(safe_mode)
    return api.config().get("dag_discovery_safe_mode", "True").lower() != "false"


def _is_surely_listed(file: str, root: str) -> bool:
    """Whether Airflow is certain to list a named file: no ``.airflowignore`` can exclude it. This
    check does not list other files.
    """
    if not file.endswith(".py") and not zipfile.is_zipfile(file):
        return False
    folder = os.path.dirname(file)
    while True:
        if os.path.exists(os.path.join(folder, ".airflowignore")):
            return False
        if folder == root or folder == os.path.dirname(folder):
            return True
        folder = os.path.dirname(folder)


def _asked_for(paths: list[str], every: set[str]) -> list[str]:
    """Return the named files, the files that Airflow lists in named folders, and other files in
    these folders that look like DAG files.
    """
    asked = dict.fromkeys(path for path in paths if os.path.isfile(path))
    for folder in (path for path in paths if os.path.isdir(path)):
        below = folder.rstrip(os.sep) + os.sep
        asked.update(dict.fromkeys(file for file in every if file.startswith(below)))
        for where, files in _folders(folder, every):
            found = ((name, os.path.join(where, name)) for name in sorted(files))
            asked.update(dict.fromkeys(path for name, path in found if _looks_so(name, path)))
    return sorted(asked)


def _folders(folder: str, every: set[str]) -> Iterator[tuple[str, list[str]]]:
    """The folders below a folder, and the names of their files. Links are followed only to folders
    with files that Airflow lists, because other links may lead anywhere. Each folder comes once.
    """
    visited = _above(every)
    seen = {os.path.realpath(folder)}
    for where, names, files in os.walk(folder, followlinks=True):
        kept = []
        found = [os.path.join(where, name) for name in names if name not in ("__pycache__", ".git")]
        for path in sorted(found, key=lambda path: (os.path.islink(path), path)):
            real = os.path.realpath(path)
            if real not in seen and (path in visited or not os.path.islink(path)):
                seen.add(real)
                kept.append(os.path.basename(path))
        names[:] = kept
        yield where, files


def _above(files: set[str]) -> set[str]:
    """All folders above these files."""
    found: set[str] = set()
    for file in files:
        folder = os.path.dirname(file)
        while folder not in found and folder != os.path.dirname(folder):
            found.add(folder)
            folder = os.path.dirname(folder)
    return found


def _looks_so(name: str, path: str) -> bool:
    """Whether a file may be meant as a DAG file. A broken link without a suffix may be meant as a
    folder of DAG files. Editors create broken links whose names begin with a dot.
    """
    if _is_broken_link(path):
        return not name.startswith(".") and (name.endswith((".py", ".zip")) or "." not in name)
    return name.endswith((".py", ".zip")) and os.path.isfile(path)


def _is_broken_link(path: str) -> bool:
    return os.path.islink(path) and not os.path.exists(path)


def _sorted_out(asked: list[str], judge: _Judge, *, is_safe: bool, is_forced: bool) -> Listing:
    files: list[str] = []
    skipped: list[TextRow] = []
    passed_over: list[TextRow] = []
    for file in asked:
        hard = judge.not_listed(file)
        if hard is not None:
            skipped.append([file, *hard])
            continue
        soft = judge.refused(file) if is_safe or is_forced else None
        if soft is not None and not is_forced:
            skipped.append([file, *soft])
            continue
        files.append(file)
        if soft is not None:
            passed_over.append([file, *soft])
    return {"files": files, "skipped": skipped, "passed_over": passed_over}


class _Judge:
    """Finds the reason why Airflow skips a file.

    ``every`` are the files that Airflow lists without safe mode, ``passing`` those that it lists
    with safe mode. None means that there was no listing.
    """

    def __init__(self) -> None:
        self.every: set[str] | None = None
        self.passing: set[str] | None = None
        self._own = listing.own_heuristic()
        self._words: dict[tuple[str, ...], str] = {}

    def not_listed(self, file: str) -> tuple[str, str] | None:
        """The reason if Airflow would not list the file even without safe mode."""
        if _is_broken_link(file):
            return "broken-link", bounds.cut(os.readlink(file), 300)
        if self.every is None or file in self.every:
            return None
        if not file.endswith(".py") and not zipfile.is_zipfile(file):
            return "other-format", ""
        return "ignored", ""

    def refused(self, file: str) -> tuple[str, str] | None:
        """The reason if safe mode skips the file."""
        if self.passing is not None and file in self.passing:
            return None
        try:
            if listing.might_contain_dag(file) and self.passing is None:
                return None
        except Exception as error:
            return "unexamined", bounds.cut(faults.one_line(error), 300)
        return ("callable", self._own) if self._own else ("safe-mode", self._missing(file))

    def _missing(self, file: str) -> str:
        """The words that the text lacks. Airflow's own test finds them, from the words that the
        text has.
        """
        if zipfile.is_zipfile(file):
            return ""
        try:
            text = read(file, LARGEST_SOURCE).lower()
        except OSError:
            return ""
        present = tuple(word for word in _WORDS if word.encode("ascii") in text)
        if present not in self._words:
            self._words[present] = _lacking(present)
        return self._words[present]


def _lacking(present: tuple[str, ...]) -> str:
    """Return the words that would make Airflow's test pass in addition to these: ``'dag' or
    'asset'``, ``'airflow'``, ``'airflow' and 'dag'``.
    """
    absent = [word for word in _WORDS if word not in present]
    single = [repr(word) for word in absent if _passes((*present, word))]
    if single:
        return " or ".join(single)
    pairs = ((first, second) for first in absent for second in absent if first != second)
    return next(("%r and %r" % pair for pair in pairs if _passes((*present, *pair))), "")


def _passes(words: tuple[str, ...]) -> bool:
    with tempfile.NamedTemporaryFile(suffix=".py") as stream:
        stream.write("\n".join(words).encode("ascii"))
        stream.flush()
        return listing.passes_default_heuristic(stream.name)


class _Walk:
    """Records the folders that Airflow walks through, each with its subfolders."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._ordinary: Callable[..., Iterator[tuple[str, list[str], list[str]]]] = os.walk
        self._steps: list[tuple[str, list[str]]] = []

    def start(self) -> None:
        def walk(*args: object, **kwargs: object) -> Iterator[tuple[str, list[str], list[str]]]:
            for where, folders, files in self._ordinary(*args, **kwargs):
                self._steps.append((str(where), folders))
                yield where, folders, files

        setattr(os, "walk", walk)  # noqa: B010

    def stop(self) -> None:
        setattr(os, "walk", self._ordinary)  # noqa: B010

    def twice(self) -> Twice | None:
        """Return the two paths that lead to one folder, relative to the root, and whether a link
        leads to a folder that contains the link.
        """
        ways: dict[str, str] = {}
        for where, folders in self._steps:
            for name in folders:
                way = os.path.join(where, name)
                real = os.path.realpath(way)
                if real in ways:
                    return self._described(ways[real], way)
                ways[real] = way
        return None

    def _described(self, first: str, second: str) -> Twice:
        link = self._link(second) or self._link(first) or second
        holding = os.path.realpath(os.path.dirname(link)) + os.sep
        return {
            "first": os.path.relpath(first, self._root),
            "second": os.path.relpath(second, self._root),
            "link": os.path.relpath(link, self._root),
            "is_loop": holding.startswith(os.path.realpath(link).rstrip(os.sep) + os.sep),
        }

    def _link(self, path: str) -> str:
        """The innermost symbolic link in a path below the root; empty if there is none."""
        while len(path) > len(self._root):
            if os.path.islink(path):
                return path
            path = os.path.dirname(path)
        return ""
