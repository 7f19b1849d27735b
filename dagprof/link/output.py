"""What the measuring process writes to its standard streams: only the last part is kept."""

from __future__ import annotations

import os
import threading

_KEPT = 32 * 1024
# For what a process that has ended left in the pipe; a process that it started may hold the pipe.
_LIMIT_S = 0.5


class LastOutput:
    """Reads a pipe in a thread of its own: the writer never waits, and fills no disk.

    ``writing_end`` is the descriptor for the writer; close it with ``close_writing_end`` once the
    writer has it.
    """

    def __init__(self) -> None:
        self._reading_end, self.writing_end = os.pipe()
        self._kept = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no further thread
            os.close(self._reading_end)
            os.close(self.writing_end)
            raise

    def close_writing_end(self) -> None:
        """Leave the pipe to the writer: its end is then the end of the file."""
        os.close(self.writing_end)

    def last_line(self) -> str:
        """The last line of a writer that has ended, without white space around it."""
        self._thread.join(_LIMIT_S)
        lines = self._kept.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _read(self) -> None:
        try:
            while data := os.read(self._reading_end, 1 << 16):
                self._kept = (self._kept + data)[-_KEPT:]
        finally:
            os.close(self._reading_end)
