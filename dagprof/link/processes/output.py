"""The last part of the output of the measuring process."""

from __future__ import annotations

import os
import threading

_KEPT = 32 * 1024
# How long to read what an ended process left in the pipe. Its own child may hold the pipe open.
_LIMIT_S = 0.5


class LastOutput:
    """Reads a pipe in its own thread, so the writer never waits, and never fills a disk.

    ``writing_end`` is the descriptor for the writer. Call ``close_writing_end`` when the writer has
    it.
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
        """Close this process's copy, so that the end of the writer ends the pipe."""
        os.close(self.writing_end)

    def last_line(self) -> str:
        """The last line of an ended writer, stripped."""
        self._thread.join(_LIMIT_S)
        lines = self._kept.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _read(self) -> None:
        try:
            while data := os.read(self._reading_end, 1 << 16):
                self._kept = (self._kept + data)[-_KEPT:]
        finally:
            os.close(self._reading_end)
