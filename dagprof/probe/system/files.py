"""Reads files in processes that no time limit ends. A DAG file can put a pipe or a device in the
place of any file.
"""

from __future__ import annotations

import errno
import os
import stat

# Of a DAG file. Airflow reads all of it, and needs several times its size in memory.
LARGEST_SOURCE = 1 << 30


def read(path: str, most_bytes: int) -> bytes:
    """All bytes of a regular file.

    :raises OSError: the file cannot be read, is not a regular file, or has more than
        ``most_bytes``.
    """
    data = head(path, most_bytes + 1)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, "too large")
    return data


def head(path: str, most_bytes: int) -> bytes:
    """The first bytes of a regular file.

    :raises OSError: the file cannot be read, or is not a regular file.
    """
    # Opening a pipe without this flag would wait for a writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return stream.read(min(most_bytes, found.st_size + 1))
