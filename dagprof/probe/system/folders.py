"""Removes folders with any content that DAG files wrote."""

from __future__ import annotations

import itertools
import os
from typing import Iterator

# No link is followed: only what lies in the folder is removed. A folder that its owner may not read
# can be opened as a path.
_AS_PATH = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TO_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_OWNERS = 0o700


def remove(path: str) -> bool:
    """Remove a folder with its content. Return whether the folder is gone.

    Nested folders are moved to the top first. There may be more levels than Python can recurse, and
    their paths may be longer than the system allows.
    """
    try:
        top = _opened(path, None)
    except OSError:
        return not os.path.lexists(path)
    try:
        _empty(top)
        os.rmdir(path)
    except OSError:
        return False
    finally:
        os.close(top)
    return True


def _empty(top: int) -> None:
    """Remove the content of an open folder."""
    prefix = os.urandom(8).hex()
    free = ("%s-%d" % (prefix, number) for number in itertools.count())
    while True:
        names = os.listdir(top)
        if not names:
            return
        # The mark by which others know a folder of dagprof goes last.
        for name in [name for name in names if not name.startswith(".")] or names:
            if not _is_unlinked(name, top):
                _flatten(name, top, free)
                os.rmdir(name, dir_fd=top)


def _flatten(name: str, top: int, free: Iterator[str]) -> None:
    """Empty a subfolder of the open folder, and move its subfolders up under unused names."""
    folder = _opened(name, top)
    try:
        for inner in os.listdir(folder):
            if not _is_unlinked(inner, folder):
                _move(inner, folder, next(free), top)
    finally:
        os.close(folder)


def _move(name: str, folder: int, free: str, top: int) -> None:
    try:
        os.rename(name, free, src_dir_fd=folder, dst_dir_fd=top)
    except PermissionError:  # who may not write into a folder may not move it either
        os.close(_opened(name, folder))
        os.rename(name, free, src_dir_fd=folder, dst_dir_fd=top)


def _opened(name: str, folder: int | None) -> int:
    """Open a folder, and let its owner change it."""
    handle = os.open(name, _AS_PATH, dir_fd=folder)
    try:
        try:
            os.chmod("/proc/self/fd/%d" % handle, _OWNERS)
        except OSError:
            pass  # it is another user's, or there is no /proc
        return os.open(".", _TO_READ, dir_fd=handle)
    finally:
        os.close(handle)


def _is_unlinked(name: str, folder: int) -> bool:
    """Remove a file. Return False for a folder."""
    try:
        os.unlink(name, dir_fd=folder)
    except (IsADirectoryError, PermissionError):
        return False
    return True
