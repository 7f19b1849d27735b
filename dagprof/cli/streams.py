"""The standard streams of the command: what is wrong with them decides no exit code but its own.

A reader that is gone, as after ``| head -1``, is no error: what is written then is dropped, and the
command goes on to its result. Standard error never fails a command. A full disk behind standard
output does, with one sentence and the exit code of ``OutputError``.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
from typing import TextIO

from dagprof.errors import OutputError

_CLOSED = (
    "dagprof: Standard output is closed, so the result is not shown. Redirect it to a file, or to"
    " /dev/null.\n"
)


def prepare() -> None:
    """Replace standard output and standard error of this process; call it once, at its start."""
    closed = _opened()
    with contextlib.suppress(OSError):  # a folder, for one; then Python's own streams stay
        sys.stderr = _text(sys.stderr, _Errors(2))
        sys.stdout = _text(sys.stdout, _Output(1, is_closed=1 in closed))


def _opened() -> set[int]:
    """Open what the caller closed (``>&-``), and say what that was: the next file or socket would
    get the number of a standard stream, and with it what is written there.
    """
    closed = set()
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            closed.add(number)
            with contextlib.suppress(OSError):  # no /dev/null either
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    return closed


def _text(stream: TextIO | None, raw: io.FileIO) -> TextIO:
    """A text stream over ``raw`` with the encoding of ``stream``. What that cannot express is
    written as an escape.
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
    """Writes to a descriptor that belongs to the caller."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)

    def _write_all(self, data: bytes) -> int:
        """Write some of the data; wait where the other end is slow and does not want us to wait.

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
    """Standard error: nobody is left to be told that it cannot be written."""

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
            # Else what is still buffered would fail once more, where it is written at the end.
            self._drop_the_rest()
            raise OutputError(
                f"Cannot write to standard output ({error.strerror}). Free some space, or redirect"
                " the output."
            ) from error
