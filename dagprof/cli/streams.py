"""The standard streams of the command, made safe against closed pipes and full disks.

If the reader of standard output is gone, as after ``| head -1``, dagprof drops the rest of the
output, and the command continues: its exit code is that of its result. Errors of standard error are
ignored. If standard output cannot be written for another reason, the command fails with
``OutputError``.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import sys
from typing import TextIO

from dagprof.errors import OutputError

_CLOSED = (
    "dagprof: Standard output is closed, so dagprof cannot show the result. Redirect standard"
    " output to a file, or to /dev/null.\n"
)


def prepare() -> None:
    """Replace standard output and standard error of this process. Call this once, at the start."""
    closed = _opened()
    with contextlib.suppress(OSError):  # such as a folder as standard output: keep Python's streams
        sys.stderr = _text(sys.stderr, _Errors(2))
        sys.stdout = _text(sys.stdout, _Output(1, is_closed=1 in closed))


def _opened() -> set[int]:
    """Open /dev/null for each standard stream that the caller closed (``>&-``); their descriptors.

    Otherwise the next file or socket would get that descriptor, and the output would go there.
    """
    closed = set()
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            closed.add(number)
            with contextlib.suppress(OSError):  # there is no /dev/null
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    return closed


def _text(stream: TextIO | None, raw: io.FileIO) -> TextIO:
    """A text stream over ``raw`` with the encoding of ``stream``. Characters that this encoding
    lacks are written as escapes.
    """
    is_line_wise = raw.isatty() or isinstance(raw, _Errors)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=is_line_wise,
        write_through=getattr(stream, "write_through", False),
    )


class _Stream(io.FileIO):
    """Writes to a standard descriptor, which stays open."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)

    def _write_all(self, data: bytes) -> int:
        """Write some of the data and return how much. Waits if a non-blocking pipe is full.

        :raises OSError: the data cannot be written.
        """
        while (written := super().write(data)) is None:
            select.select([], [self], [])
        return written

    def _drop_the_rest(self) -> None:
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)


class _Errors(_Stream):
    """Standard error. Its errors are ignored, because there is no place left to report them."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            return self._write_all(data)
        except OSError:
            self._drop_the_rest()
            return len(data)


class _Output(_Stream):
    """Standard output."""

    def __init__(self, descriptor: int, *, is_closed: bool) -> None:
        super().__init__(descriptor)
        self._is_closed = is_closed

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self._is_closed:
            self._is_closed = False
            sys.stderr.write(_CLOSED)
        try:
            return self._write_all(data)
        except BrokenPipeError:
            self._drop_the_rest()
            return len(data)
        except OSError as error:
            # Otherwise the text that is still in the buffer would fail again at the end.
            self._drop_the_rest()
            is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            redirect = "Free some disk space, or redirect" if is_full else "Redirect"
            raise OutputError(
                f"Cannot write to standard output ({error.strerror}). {redirect} standard output."
            ) from error
