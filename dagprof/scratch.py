"""Temporary folders of dagprof: nothing stays, also where dagprof is killed.

In each folder is a file on which the process that made the folder holds a lock. The kernel releases
that lock when the process ends, however it ends, and other containers that share the folder see it
too. A folder whose lock is free was therefore left behind; the next process that makes a folder
removes it. Process numbers could not tell: they are used again, and differ between containers.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dagprof.errors import MeasurementError

MARK = ".dagprof-temporary"
_TEXT = "A temporary folder of dagprof. The next dagprof removes it if this one was killed.\n"
# ``tempfile`` ends its names with eight of these.
_RANDOM = "[a-z0-9_]{8}"
_ATTEMPTS = 100
_NAMING = ("TMPDIR", "TEMP", "TMP")
_USUAL = ("/tmp", "/var/tmp", "/usr/tmp")


@contextlib.contextmanager
def temporary_folder(purpose: str) -> Iterator[Path]:
    """A folder that is gone afterwards, whatever was put into it; ``purpose`` is part of its name.

    Also removes the folders of processes that were killed.

    :raises MeasurementError: no folder can be made.
    """
    try:
        remove_abandoned(Path(_place()))
        folder, lock = _made(purpose)
    except OSError as error:
        raise MeasurementError(
            f"Cannot make a temporary folder ({error.strerror or error}). Set TMPDIR to a folder"
            " that can be written and has free space."
        ) from error
    try:
        yield folder
    finally:
        remove(folder)
        os.close(lock)


def is_name(text: str, purpose: str = "[a-z]+") -> bool:
    """Whether it is the name of a folder as this module makes them."""
    return re.fullmatch(f"dagprof-{purpose}-{_RANDOM}", text) is not None


def remove_abandoned(among: Path) -> None:
    """Remove the folders in ``among`` that a process of this user made and did not remove."""
    with contextlib.suppress(OSError), os.scandir(among) as entries:
        for path in [Path(entry.path) for entry in entries if is_name(entry.name)]:
            remove_if_abandoned(path)


def remove_if_abandoned(folder: Path) -> None:
    """Remove a folder of this module if its process has ended; that of another user stays."""
    with contextlib.suppress(OSError):
        if not is_mine(folder) or not stat.S_ISDIR(os.lstat(folder).st_mode):
            return
        try:
            lock = os.open(folder / MARK, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            # Killed before it had the file, or about to make it, which then makes another folder.
            os.rmdir(folder)
            return
        try:
            if acquire(lock):
                remove(folder)
        finally:
            os.close(lock)


def locked_file(path: Path) -> int:
    """Make a file, and take its lock: the descriptor that holds it.

    :raises OSError: the file cannot be made.
    """
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        # Who takes the lock between these lines removes the file, and is waited for.
        acquire(lock, waits=True)
        if os.fstat(lock).st_nlink:
            return lock
        os.close(lock)


def is_mine(path: Path) -> bool:
    """Whether something belongs to this user; True where nothing is there."""
    try:
        return os.lstat(path).st_uid == os.geteuid()
    except FileNotFoundError:
        return True


def acquire(descriptor: int, *, waits: bool = False) -> bool:
    """Take the lock of a file until the descriptor is closed; False where another process has it.

    False also where the file system has no locks: then nobody can tell, and everything stays.
    """
    import fcntl  # not on Windows, where runs can be compared nevertheless

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def remove(folder: Path) -> None:
    """Remove a folder of this user with all that is in it, the mark last.

    Folders without write permission are opened up. What cannot be removed nevertheless stays.
    """
    _empty(folder)
    if _content(folder):
        _open_up(folder)
        _empty(folder)
    if not _content(folder):
        with contextlib.suppress(OSError):
            (folder / MARK).unlink(missing_ok=True)
            folder.rmdir()


def _place() -> str:
    """Where temporary folders are made.

    :raises OSError: nowhere; Python's last resort is the current folder, which may hold DAG files.
    """
    place = tempfile.gettempdir()
    named = [os.path.abspath(os.environ[name]) for name in _NAMING if os.environ.get(name)]
    if place not in (*named, *_USUAL) and place == os.getcwd():
        raise FileNotFoundError(f"none of {', '.join((*named, *_USUAL))} can be written")
    return place


def _made(purpose: str) -> tuple[Path, int]:
    """A new folder, and the descriptor that holds its lock.

    :raises OSError: there is no place for it.
    """
    for _ in range(_ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix=f"dagprof-{purpose}-"))
        with contextlib.suppress(FileNotFoundError):  # another process took it for an abandoned one
            lock = locked_file(folder / MARK)
            with contextlib.suppress(OSError):  # a full disk: the text is for people only
                os.write(lock, _TEXT.encode())
            return folder, lock
    raise FileExistsError("other processes remove new folders at once")


def _content(folder: Path) -> list[str]:
    """The names in a folder beside the mark; none if the folder is gone."""
    try:
        return [name for name in os.listdir(folder) if name != MARK]
    except OSError:
        return []


def _empty(folder: Path) -> None:
    """Remove what is in a folder, as far as possible, except for the mark."""
    for name in _content(folder):
        shutil.rmtree(folder / name, ignore_errors=True)  # does nothing to files and links
        with contextlib.suppress(OSError):
            os.unlink(folder / name)


def _open_up(folder: Path) -> None:
    """Give the owner all rights to a folder and those in it."""
    for where, names, _ in os.walk(folder):
        for path in (where, *(os.path.join(where, name) for name in names)):
            with contextlib.suppress(OSError):
                if stat.S_ISDIR(os.lstat(path).st_mode):
                    os.chmod(path, stat.S_IRWXU)
