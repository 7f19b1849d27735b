"""Temporary folders of dagprof. If dagprof is killed, the next dagprof removes them.

Each folder contains a file that the process locks (``flock``) as long as it uses the folder. The
kernel releases the lock when the process ends, however it ends. So a folder whose lock is free is
abandoned. Locks also work between containers that share the folder. Process numbers do not: they
are reused, and each container has its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dagprof.errors import MeasurementError

MARK = ".dagprof-temporary"
_TEXT = (
    "This folder is a temporary folder of dagprof. If dagprof is killed, the next run of dagprof"
    " removes the folder.\n"
)
# The end of the names that ``tempfile`` makes.
_RANDOM = "[a-z0-9_]{8}"
_ATTEMPTS = 100
_NAMING = ("TMPDIR", "TEMP", "TMP")
_USUAL = ("/tmp", "/var/tmp", "/usr/tmp")


@contextlib.contextmanager
def temporary_folder(purpose: str) -> Iterator[Path]:
    """A folder that is removed afterwards, with everything in it. ``purpose`` is part of its name.

    Also removes the folders of processes that were killed.

    :raises MeasurementError: no folder can be created.
    """
    try:
        remove_abandoned(Path(_place()))
        folder, lock = _made(purpose)
    except OSError as error:
        raise MeasurementError(
            f"Cannot create a temporary folder ({error.strerror or error}). Set TMPDIR to a"
            " writable folder with free space."
        ) from error
    try:
        yield folder
    finally:
        remove(folder)
        os.close(lock)


def is_name(text: str, purpose: str = "[a-z]+") -> bool:
    """Whether a folder of this module can have this name."""
    return re.fullmatch(f"dagprof-{purpose}-{_RANDOM}", text) is not None


def remove_abandoned(among: Path) -> None:
    """Remove the folders in ``among`` that processes of this user made and did not remove."""
    with contextlib.suppress(OSError), os.scandir(among) as entries:
        for path in [Path(entry.path) for entry in entries if is_name(entry.name)]:
            remove_if_abandoned(path)


def remove_if_abandoned(folder: Path) -> None:
    """Remove a folder of this module if its process has ended. Folders of other users stay."""
    with contextlib.suppress(OSError):
        if not is_mine(folder) or not stat.S_ISDIR(os.lstat(folder).st_mode):
            return
        try:
            lock = os.open(folder / MARK, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            # The process was killed before it made the file, or is about to make it. In the second
            # case it makes another folder.
            os.rmdir(folder)
            return
        try:
            if acquire(lock):
                remove(folder)
        finally:
            os.close(lock)


def locked_file(path: Path) -> int:
    """Make a file and lock it. Returns the descriptor that holds the lock.

    :raises OSError: the file cannot be created.
    """
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        # Another process may lock the file between these lines. It removes the file then, so wait
        # for it and make a new file.
        acquire(lock, waits=True)
        if os.fstat(lock).st_nlink:
            return lock
        os.close(lock)


def is_mine(path: Path) -> bool:
    """Whether a file belongs to this user. True if there is no file."""
    try:
        return os.lstat(path).st_uid == os.geteuid()
    except FileNotFoundError:
        return True


def acquire(descriptor: int, *, waits: bool = False) -> bool:
    """Lock a file until the descriptor is closed. False if another process has the lock.

    Also False if the file system has no locks. Then dagprof cannot know who is alive, and removes
    nothing.
    """
    import fcntl  # Windows lacks this module, but can compare runs

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def remove(folder: Path) -> None:
    """Remove a folder and its content, the mark last. Makes folders writable if necessary.

    What cannot be removed stays, without an error. A DAG file can put a link to the user's files
    in the place of the folder: then only the link goes.
    """
    with contextlib.suppress(OSError):
        if not _is_folder(folder):
            folder.unlink()
            return
    _empty(folder)
    if not _content(folder):
        with contextlib.suppress(OSError):
            (folder / MARK).unlink(missing_ok=True)
            folder.rmdir()


def _place() -> str:
    """The folder for temporary folders.

    :raises OSError: none can be written. Python would then take the current folder, which may
        contain the DAG files.
    """
    place = tempfile.gettempdir()
    named = [os.path.abspath(os.environ[name]) for name in _NAMING if os.environ.get(name)]
    if place not in (*named, *_USUAL) and place == os.getcwd():
        raise FileNotFoundError(f"none of {', '.join((*named, *_USUAL))} is writable")
    return place


def _made(purpose: str) -> tuple[Path, int]:
    """A new folder, and the descriptor that holds its lock.

    :raises OSError: there is no place for it.
    """
    for _ in range(_ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix=f"dagprof-{purpose}-"))
        with contextlib.suppress(FileNotFoundError):  # another process removed the empty folder
            lock = locked_file(folder / MARK)
            with contextlib.suppress(OSError):  # a full disk; the text is only for people
                os.write(lock, _TEXT.encode())
            return folder, lock
    raise FileExistsError("other processes remove every new folder")


def _content(folder: Path) -> list[str]:
    """The names in a folder, without the mark. Empty if there is no folder."""
    try:
        return [name for name in os.listdir(folder) if name != MARK]
    except OSError:
        return []


def _empty(folder: Path) -> None:
    """Remove the content of a folder as far as possible, but not the mark.

    Folders in folders move to the top first. A DAG file can make more levels than Python can
    recurse, with paths that are longer than the system allows.
    """
    _open_up(folder)
    stays: set[str] = set()
    while names := [name for name in _content(folder) if name not in stays]:
        stays.update(name for name in names if not _is_removed(folder / name, folder))


def _is_removed(path: Path, top: Path) -> bool:
    """Remove a file or a folder. The folders in it get other names in ``top``."""
    with contextlib.suppress(OSError):
        if not _is_folder(path):
            path.unlink()
            return True
        _open_up(path)
        for name in os.listdir(path):
            with contextlib.suppress(OSError):
                _take_out(path / name, top)
        path.rmdir()
        return True
    return False


def _take_out(path: Path, top: Path) -> None:
    if _is_folder(path):
        _open_up(path)  # without these rights it cannot move either
        path.rename(top / secrets.token_hex(8))
    else:
        path.unlink()


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(os.lstat(path).st_mode)


def _open_up(folder: Path) -> None:
    """Give the owner all rights to a folder."""
    with contextlib.suppress(OSError):
        if _is_folder(folder):
            os.chmod(folder, stat.S_IRWXU)
