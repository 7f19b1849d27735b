"""The journal of a scan: one line per finished file. An interrupted scan loses no result and can be
resumed.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType

import msgspec

from dagprof import bounded
from dagprof.errors import OutputError, RunFileError
from dagprof.model import SCHEMA_VERSION, Measured
from dagprof.model.consistency import check_measured
from dagprof.store import runs
from dagprof.surrogates import encoded


class Header(msgspec.Struct, frozen=True):
    """The first line: the key of everything that the results depend on. Only a scan with the same
    key may reuse them.
    """

    schema_version: int
    key: str


class Journal:
    """Appends finished files to ``path``. Leaving the context keeps the file; ``discard`` removes
    it.
    """

    def __init__(self, path: Path, key: str, *, resumes: bool) -> None:
        self._path = path
        self._key = key
        self._resumes = resumes
        self._holds_results = resumes

    def __enter__(self) -> Journal:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._resumes:
                _cut_after_last_line(self._path)
            # Unbuffered, because a buffer would write to the full disk again when it is closed.
            self._stream = self._path.open("ab" if self._resumes else "wb", buffering=0)
        except OSError as error:
            raise OutputError(
                f"Cannot write {str(self._path)!r} ({error.strerror}). Choose another folder with"
                " --output-dir."
            ) from error
        if self._stream.tell() == 0:
            try:
                self._write(msgspec.json.encode(Header(SCHEMA_VERSION, self._key)))
            except OutputError:
                self.discard()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()
        if (
            not self._holds_results
        ):  # the scan ended before the first file, so there is nothing to resume
            self._remove()

    def add(self, measured: Measured) -> None:
        """Keep one file's result. It is on disk when this returns.

        :raises OutputError: it cannot be written. The earlier results are kept.
        """
        self._write(encoded(measured))
        self._holds_results = True

    def _write(self, line: bytes) -> None:
        left = memoryview(line + b"\n")
        try:
            while left:
                left = left[self._stream.write(left) :]
        except OSError as error:
            kept = (
                "dagprof keeps the results so far. Free some disk space, and repeat the command"
                " with --resume."
                if self._holds_results
                else "Free some disk space, or choose another folder with --output-dir."
            )
            raise OutputError(
                f"Cannot write {str(self._path)!r} ({error.strerror}). {kept}"
            ) from error

    def discard(self) -> None:
        """Remove the journal of a scan that is complete."""
        self._stream.close()
        self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):  # the folder is gone or cannot be written any more
            self._path.unlink(missing_ok=True)


def _cut_after_last_line(path: Path) -> None:
    """Drop the last line if the interruption left it incomplete."""
    with path.open("r+b") as stream:
        stream.truncate(stream.read().rfind(b"\n") + 1)


def read(path: Path) -> tuple[str, dict[tuple[str, str], Measured]]:
    """Return the key, and the results by path and SHA-256. A last line that the interruption cut
    off is left out, and so are damaged lines: their files are measured again.

    :raises RunFileError: there is no journal, or it is invalid.
    """
    try:
        lines = bounded.read(path, runs.LARGEST_BYTES).split(b"\n")
    except OSError as error:
        raise RunFileError(
            f"The folder {str(path.parent)!r} contains no interrupted scan. Omit --resume."
        ) from error
    try:
        header = msgspec.json.decode(lines[0], type=Header)
    except runs.INVALID as error:
        raise RunFileError(
            f"{str(path)!r} is damaged ({runs.fault(error)}). Omit --resume."
        ) from error
    results = {}
    for line in lines[1:-1]:
        try:
            measured = msgspec.json.decode(line, type=Measured)
            check_measured(measured)
        except runs.INVALID:
            continue
        results[measured.result.path, measured.result.sha256] = measured
    return header.key, results
