"""AIRFLOW_HOME and the configuration file where dagprof made them: each parse finds them as the
first one did.

Forked parses share them, and those of several workers run at once. What one has put there goes once
it has ended and none of the others is under way, which may use the folder just now.
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
    """What is in them now; nothing where there is too much, or where they are the user's own."""
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
    """``begin`` before a parse and ``end`` after it, so that no other worker restores meanwhile."""

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
        """Restore what parses have changed that have ended, and hold that until ``end``."""
        if self._now() != self._before:
            self._restore()
        if self._descriptor >= 0 and self._lock(_GATE, fcntl.LOCK_EX):
            self._lock(_PARSE, fcntl.LOCK_SH)
            self._unlock(_GATE)

    def end(self) -> None:
        """The parse has ended; others may restore."""
        if self._descriptor >= 0:
            self._unlock(_PARSE)

    def _restore(self) -> None:
        """Undo what was changed, unless other parses last too long: they may use it."""
        if self._differs() and self._lock(_GATE, fcntl.LOCK_EX):
            if self._lock(_PARSE, fcntl.LOCK_EX):
                self._repair()
                self._unlock(_PARSE)
            self._unlock(_GATE)
        if not self._differs():
            self._before = self._now()

    def _now(self) -> list[tuple[int, ...] | None]:
        """What changes with each change of a file, or of the names in a folder."""
        return [_signature(os.path.join(self._scratch, name)) for name in self._first]

    def _differs(self) -> bool:
        return (
            not self._is_ours("")
            or bool(self._surplus())
            or any(not self._is_there(name) for name in self._first)
        )

    def _surplus(self) -> list[str]:
        """What was not there at first, without what is below."""
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
        """Whether no link on the way leads to files of others."""
        real = os.path.realpath(os.path.join(self._scratch, folder))
        return real == os.path.normpath(os.path.join(self._real, folder))

    def _is_there(self, name: str) -> bool:
        """Whether one of those is what it was."""
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
    """The file of locks; -1 where it cannot be made, and nobody can wait for others."""
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
