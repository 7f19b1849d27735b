"""Run files: one JSON document each, written completely or not at all. Later versions of dagprof
can read them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from dagprof import bounded, scratch
from dagprof.errors import OutputError, RunFileError
from dagprof.model import SCHEMA_VERSION, Run
from dagprof.model.base import Whole
from dagprof.model.consistency import check_run
from dagprof.surrogates import encoded

_TEMPORARY = ".dagprof-tmp"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Ten times a Run of 10,000 files.
LARGEST_BYTES = 500_000_000
# What reading raises for what is no JSON, has not the form, contradicts itself or is nested too
# deeply.
INVALID = (msgspec.MsgspecError, ValueError, RecursionError)  # up to 0.20 msgspec has its own kind


class _Version(msgspec.Struct):
    schema_version: Whole | None = None
    decision: str | None = None


def save(run: Run, path: Path) -> None:
    """Write a Run. An existing file stays until the new one is complete.

    :raises OutputError: the file cannot be written.
    """
    write_atomically(path, encoded(run) + b"\n")


def load(path: str | Path) -> Run:
    """Read a Run.

    :raises RunFileError: missing, no JSON, no Run, one that contradicts itself, or from a newer
        dagprof.
    """
    try:
        data = bounded.read(path, LARGEST_BYTES, also_pipes=True)
    except OSError as error:
        raise RunFileError(
            f"Cannot read {str(path)!r} ({error.strerror}). Give a run file from `dagprof scan`."
        ) from error
    return decode(data, str(path))


def decode(data: bytes, name: str) -> Run:
    """A Run from its JSON form; ``name`` is for messages."""
    try:
        found = msgspec.json.decode(data, type=_Version)
        version = found.schema_version
    except INVALID as error:
        raise RunFileError(
            f"{name!r} is not a run file: {fault(error)}. Scan again, or give another file."
        ) from error
    if found.decision is not None:
        raise RunFileError(
            f"{name!r} is a gate verdict, not a run file. Give a run file from `dagprof scan`."
        )
    if version is None or version < 1:
        raise RunFileError(
            f"{name!r} is not a run file: the schema version is missing. Give a run file from"
            " `dagprof scan`."
        )
    if version > SCHEMA_VERSION:
        raise RunFileError(
            f"{name!r} has schema version {version}, but this version of dagprof supports only"
            f" schema versions up to {SCHEMA_VERSION}. Upgrade dagprof."
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
    return (
        ("the JSON is nested too deeply") if isinstance(error, RecursionError) else str(error)[:300]
    )


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
        way_out = "Free some disk space, or choose" if error.errno in _FULL else "Choose"
        raise OutputError(
            f"Cannot write {str(path)!r} ({error.strerror}). {way_out} another path."
        ) from error


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    """A temporary file in the same folder. It replaces ``path`` if there was no error.

    Files that a killed process left there are removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_TEMPORARY}")
    descriptor = scratch.locked_file(temporary)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(descriptor)
            os.fchmod(descriptor, 0o666 & ~_umask())
            # While the file is open, because closing it releases the lock.
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _remove_abandoned(path: Path) -> None:
    """Remove the temporary files for ``path`` that killed processes left."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}{re.escape(_TEMPORARY)}")
    with contextlib.suppress(OSError):
        for name in filter(pattern.fullmatch, os.listdir(path.parent)):
            descriptor = os.open(path.with_name(name), os.O_RDWR | os.O_NOFOLLOW)
            try:
                if scratch.acquire(descriptor):
                    os.unlink(path.with_name(name))
            finally:
                os.close(descriptor)


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
