"""Reads files that dagprof knows only by name, with a limit on size and time.

A DAG file chooses the names that its parse reports. A folder may hold anything: a pipe that nobody
writes to, a device that never ends, or a name with a zero byte.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# Of a source that is parsed: more was written by a program, and its syntax tree takes a gigabyte.
LARGEST_SOURCE = 5_000_000
# Of a DAG file. Airflow itself reads all of it, and needs several times its size in memory.
LARGEST_FILE = 1 << 30
_PIECE = 1 << 20
# Of a zip archive: the list of its members, and the record at its end with the longest comment.
_LARGEST_DIRECTORY = 50_000_000
_END_BYTES = 22 + 0xFFFF


def pieces(path: str | Path, most_bytes: int, *, also_pipes: bool = False) -> Iterator[bytes]:
    """The first bytes of a file, piece by piece. ``also_pipes`` also accepts pipes that a user
    names, such as ``/dev/stdin``.

    :raises OSError: the file cannot be read, or is not a regular file.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | (0 if also_pipes else os.O_NONBLOCK)
    try:
        descriptor = os.open(path, flags)
    except ValueError as error:  # a zero byte, or what the file system cannot encode
        raise OSError(errno.EINVAL, "no name of a file") from error
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        if not also_pipes and not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        # One read of so many bytes would first make room for all of them.
        while most_bytes > 0 and (piece := stream.read(min(_PIECE, most_bytes))):
            most_bytes -= len(piece)
            yield piece


def head(path: str | Path, most_bytes: int, *, also_pipes: bool = False) -> bytes:
    """The first bytes of a file, as ``pieces`` reads them.

    :raises OSError: as ``pieces``.
    """
    found = io.BytesIO()
    for piece in pieces(path, most_bytes, also_pipes=also_pipes):
        found.write(piece)
    return found.getvalue()


def read(path: str | Path, most_bytes: int, *, also_pipes: bool = False) -> bytes:
    """All bytes of a file.

    :raises OSError: the file cannot be read, is not a regular file, or has more than
        ``most_bytes``.
    """
    data = head(path, most_bytes + 1, also_pipes=also_pipes)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"larger than {most_bytes / 1e6:,.0f} MB")
    return data


def real(path: str | Path) -> str:
    """A path with its links resolved; a name that no file can have stays as it is."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return os.fspath(path)


def source(path: str | Path) -> bytes:
    """The bytes of a source file. The path of a member of a zip archive continues below the path
    of the archive.

    :raises OSError: as ``read``, or the archive cannot be read or lacks the member.
    """
    try:
        return read(path, LARGEST_SOURCE)
    except NotADirectoryError:
        return _member(Path(path), on_disk(path))


def on_disk(path: str | Path) -> Path:
    """The file on disk that holds a source: for a member of an archive, the archive."""
    path = Path(path)
    return next((above for above in (path, *path.parents) if above.is_file()), path)


def _member(path: Path, archive: Path) -> bytes:
    """The bytes of a member of a zip archive, which may claim any size for itself."""
    try:
        descriptor = os.open(archive, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            if _size_of_directory(stream) > _LARGEST_DIRECTORY:
                raise OSError(errno.EFBIG, "an archive with too many members")
            with zipfile.ZipFile(stream) as opened:
                about = opened.getinfo(path.relative_to(archive).as_posix())
                # What Python can import. Other kinds of members unpack without a limit.
                if about.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise OSError(errno.EINVAL, "not a member that Python can import")
                with opened.open(about) as member:
                    data = member.read(LARGEST_SOURCE + 1)
    except OSError:
        raise
    except (zipfile.BadZipFile, KeyError, ValueError, RuntimeError, EOFError) as error:
        raise OSError(errno.EINVAL, "not a member of a zip archive") from error
    except Exception as error:  # zlib and others have no common class
        raise OSError(errno.EINVAL, "a damaged zip archive") from error
    if len(data) > LARGEST_SOURCE:
        raise OSError(errno.EFBIG, f"larger than {LARGEST_SOURCE / 1e6:,.0f} MB")
    return data


def _size_of_directory(stream: BinaryIO) -> int:
    """The size of an archive's list of members, as the end of the archive claims it. zipfile reads
    the whole list at once.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _END_BYTES))
    end = stream.read(_END_BYTES)
    place = end.rfind(b"PK\x05\x06")
    return int.from_bytes(end[place + 12 : place + 16], "little") if place >= 0 else 0
