"""The journal of a scan: one line per finished file, so that an interrupted scan loses nothing
and can be resumed.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import msgspec

from dagprof.errors import OutputError, RunFileError
from dagprof.model import SCHEMA_VERSION, Measured


class Header(msgspec.Struct, frozen=True):
    """First line: what the results depend on. Results are taken over only into a scan with the
    same key.
    """

    schema_version: int
    key: str


class Journal:
    """Appends finished files to ``path``. Leaving the context keeps those; ``discard`` removes
    the file.
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
            self._stream = self._path.open("ab" if self._resumes else "wb")
        except OSError as error:
            raise OutputError(
                f"Cannot write {str(self._path)!r} ({error.strerror}). Choose --output-dir."
            ) from error
        if self._stream.tell() == 0:
            self._write(msgspec.json.encode(Header(SCHEMA_VERSION, self._key)))
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
        ):  # it failed or was stopped before the first file: there is nothing to go on with
            self._path.unlink(missing_ok=True)

    def add(self, measured: Measured) -> None:
        """Keep one file's result; it is on disk when this returns."""
        self._write(msgspec.json.encode(measured))
        self._holds_results = True

    def _write(self, line: bytes) -> None:
        self._stream.write(line + b"\n")
        self._stream.flush()

    def discard(self) -> None:
        """Remove the journal of a scan that is complete."""
        self._stream.close()
        self._path.unlink(missing_ok=True)


def _cut_after_last_line(path: Path) -> None:
    """Drop what the interruption left half written."""
    with path.open("r+b") as stream:
        stream.truncate(stream.read().rfind(b"\n") + 1)


def read(path: Path) -> tuple[str, dict[tuple[str, str], Measured]]:
    """Key and results, by path and SHA-256. A last line that was cut off by the interruption is
    left out.

    :raises RunFileError: there is no journal, or it is invalid.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise RunFileError(
            f"No interrupted scan to resume in {str(path.parent)!r}. Scan without --resume."
        ) from error
    try:
        header = msgspec.json.decode(lines[0], type=Header)
    except msgspec.DecodeError as error:
        raise RunFileError(f"{str(path)!r} is damaged ({error}). Scan without --resume.") from error
    results = {}
    for line in lines[1:-1]:
        try:
            measured = msgspec.json.decode(line, type=Measured)
        except msgspec.DecodeError:
            continue
        results[measured.result.path, measured.result.sha256] = measured
    return header.key, results
