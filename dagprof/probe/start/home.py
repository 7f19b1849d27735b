"""Restores AIRFLOW_HOME and the configuration file of dagprof's scratch folder between parses.

Forked parses share these files, and parses of several workers run at the same time. dagprof removes
the changes of a finished parse only when no other parse is running, because a running parse may use
the changed files.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from typing import Dict, Optional

from ..system import folders
from .scratch import OURS, ensure

# By path below the scratch folder: what is in a file, None for a folder.
Content = Dict[str, Optional[bytes]]
# What is more, plugins have put there while Airflow started: it is left as it is.
_MOST_ENTRIES, _MOST_BYTES = 1_000, 16 << 20
# Bytes of a file on which workers have locks: during a parse, and while one waits for the others.
_PARSE, _GATE = 0, 1
_FILE = ".parses"
# How long to wait for parses that are under way; the next parse tries again.
_WAIT_S, _MOMENT_S = 0.7, 0.001


def content(scratch: str) -> Content:
    """The current content of the files. Empty if the files are too large, or if they belong to the
    user.
    """
    found: Content = {}
    size = 0
    waiting = [
        name
        for variable, name in OURS.items()
        if os.environ.get(variable) == os.path.join(scratch, name)
    ]
    while waiting:
        name = waiting.pop()
        path = os.path.join(scratch, name)
        if os.path.isdir(path) and not os.path.islink(path):
            found[name] = None
            waiting += [os.path.join(name, inner) for inner in os.listdir(path)]
        elif os.path.isfile(path):
            with open(path, "rb") as file:
                data = found[name] = file.read(_MOST_BYTES)
            size += len(data)
        if len(found) > _MOST_ENTRIES or size >= _MOST_BYTES:
            return {}
    return found


class Home:
    """Call ``begin`` before a parse and ``end`` after it, so that no other worker restores the
    files meanwhile.
    """

    def __init__(self, scratch: str, first: Content) -> None:
        self._scratch, self._first = scratch, first
        self._real = os.path.realpath(scratch)
        self._descriptor = _opened(os.path.join(scratch, _FILE)) if first else -1
        self._before: list[tuple[int, ...] | None] = []

    def leave(self) -> None:
        """Close the file of locks in a process that parses."""
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def begin(self) -> None:
        """Undo the changes of finished parses, and prevent other restores until ``end``."""
        if self._now() != self._before:
            self._restore()
        if self._descriptor >= 0 and self._lock(_GATE, fcntl.LOCK_EX):
            self._lock(_PARSE, fcntl.LOCK_SH)
            self._unlock(_GATE)

    def end(self) -> None:
        """Mark the end of the parse, so that other workers may restore the files."""
        if self._descriptor >= 0:
            self._unlock(_PARSE)

    def _restore(self) -> None:
        """Undo changes, unless other parses run too long, because a running parse may use the
        files.
        """
        if self._differs() and self._lock(_GATE, fcntl.LOCK_EX):
            if self._lock(_PARSE, fcntl.LOCK_EX):
                self._repair()
                self._unlock(_PARSE)
            self._unlock(_GATE)
        if not self._differs():
            self._before = self._now()

    def _now(self) -> list[tuple[int, ...] | None]:
        """Signatures that change with each change of a file, or of the names in a folder."""
        return [_signature(os.path.join(self._scratch, name)) for name in self._first]

    def _differs(self) -> bool:
        return (
            not self._is_ours("")
            or bool(self._surplus())
            or any(not self._is_there(name) for name in self._first)
        )

    def _surplus(self) -> list[str]:
        """The new files and folders, without the content of new folders."""
        surplus = []
        for folder in [name for name, data in self._first.items() if data is None]:
            try:
                names = (
                    os.listdir(os.path.join(self._scratch, folder)) if self._is_ours(folder) else ()
                )
            except OSError:
                continue
            paths = [os.path.join(folder, name) for name in names]
            surplus += [path for path in paths if path not in self._first]
        return surplus

    def _is_ours(self, folder: str) -> bool:
        """Whether no link in the path leads to other files."""
        real = os.path.realpath(os.path.join(self._scratch, folder))
        return real == os.path.normpath(os.path.join(self._real, folder))

    def _is_there(self, name: str) -> bool:
        """Whether a file or folder is unchanged."""
        data, path = self._first[name], os.path.join(self._scratch, name)
        try:
            found = os.lstat(path)
            if data is None:
                return stat.S_ISDIR(found.st_mode)
            if not stat.S_ISREG(found.st_mode) or found.st_size != len(data):
                return False
            with open(path, "rb") as file:
                return file.read(len(data) + 1) == data
        except OSError:
            return False

    def _repair(self) -> None:
        try:
            ensure(self._scratch)
        except OSError:  # another file's parse puts something there again
            return
        # Folders are before what is in them.
        for name, data in self._first.items():
            if not self._is_there(name):
                path = os.path.join(self._scratch, name)
                try:
                    if not self._is_ours(os.path.dirname(name)):
                        continue
                    _remove(path)
                    os.makedirs(path if data is None else os.path.dirname(path), exist_ok=True)
                    if data is not None:
                        with open(path, "xb") as file:
                            file.write(data)
                except OSError:  # a full disk, or another file's parse puts something there again
                    continue
        for name in self._surplus():
            _remove(os.path.join(self._scratch, name))

    def _lock(self, byte: int, kind: int) -> bool:
        """Get a lock, within a limit: a DAG file can hold it."""
        until = time.monotonic() + _WAIT_S
        while True:
            try:
                fcntl.lockf(self._descriptor, kind | fcntl.LOCK_NB, 1, byte)
                return True
            except OSError:
                if time.monotonic() >= until:
                    return False
                time.sleep(_MOMENT_S)

    def _unlock(self, byte: int) -> None:
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, byte)


def _opened(path: str) -> int:
    """The descriptor of the lock file; -1 if dagprof cannot create the file."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        return -1


def _signature(path: str) -> tuple[int, ...] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError:
        folders.remove(path)
