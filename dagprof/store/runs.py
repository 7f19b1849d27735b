"""Run files: one JSON document each, written completely or not at all. Later versions of dagprof
can read them.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from dagprof import bounded
from dagprof.errors import OutputError, RunFileError
from dagprof.model import SCHEMA_VERSION, Run
from dagprof.model.base import Whole
from dagprof.model.consistency import check_run

# Ten times a Run of 10,000 files.
LARGEST_BYTES = 500_000_000
# What reading raises for what is no JSON, has not the form, contradicts itself or is nested too
# deeply.
INVALID = (ValueError, RecursionError)


class _Version(msgspec.Struct):
    schema_version: Whole | None = None
    decision: str | None = None


def save(run: Run, path: Path) -> None:
    """Write a Run. An existing file stays until the new one is complete.

    :raises OutputError: the file cannot be written.
    """
    write_atomically(path, msgspec.json.encode(run) + b"\n")


def load(path: str | Path) -> Run:
    """Read a Run.

    :raises RunFileError: missing, no JSON, no Run, one that contradicts itself, or from a newer
        dagprof.
    """
    try:
        data = bounded.read(path, LARGEST_BYTES, also_pipes=True)
    except OSError as error:
        raise RunFileError(
            f"Cannot read {str(path)!r} ({error.strerror}). Give a run that `dagprof scan` wrote."
        ) from error
    return decode(data, str(path))


def decode(data: bytes, name: str) -> Run:
    """A Run from its JSON form; ``name`` is for messages."""
    try:
        found = msgspec.json.decode(data, type=_Version)
        version = found.schema_version
    except INVALID as error:
        raise RunFileError(
            f"{name!r} is not a run: {fault(error)}. Scan again, or give another file."
        ) from error
    if found.decision is not None:
        raise RunFileError(
            f"{name!r} is a verdict of the gate, not a run. Give a file that `dagprof scan` wrote."
        )
    if version is None or version < 1:
        raise RunFileError(
            f"{name!r} is not a run: it has no schema version. Give a file that `dagprof scan`"
            " wrote."
        )
    if version > SCHEMA_VERSION:
        raise RunFileError(
            f"{name!r} has schema version {version}, but this dagprof reads only up to "
            f"{SCHEMA_VERSION}. Upgrade dagprof."
        )
    try:
        run = msgspec.json.decode(data, type=Run)
        check_run(run)
    except INVALID as error:
        raise RunFileError(
            f"{name!r} is damaged: {fault(error)}. Scan again, or give another file."
        ) from error
    return run


def fault(error: Exception) -> str:
    """What is wrong with a document, in one clause."""
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:300]


def schema() -> dict[str, object]:
    """The JSON Schema of a Run."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"dagprof run, schema version {SCHEMA_VERSION}",
        **msgspec.json.schema(Run),
    }


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the file ``path`` by ``data`` in one step. A device or a pipe is written to directly.

    :raises OutputError: the file cannot be written.
    """
    try:
        target = Path(os.path.realpath(path))  # a symbolic link stays a link
        if os.path.exists(target) and not os.path.isfile(
            target
        ):  # a device or a pipe cannot be replaced
            with target.open("wb") as stream:
                stream.write(data)
            return
        with _beside(target) as stream:
            stream.write(data)
    except OSError as error:
        raise OutputError(
            f"Cannot write {str(path)!r} ({error.strerror}). Choose another place."
        ) from error


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    """A temporary file in the same folder. It replaces ``path`` if there was no error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
