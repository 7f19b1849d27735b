"""Sends the child's results to its worker: frames of JSON over a pipe. The pipe works even if the
DAG file closed its descriptor.
"""

from __future__ import annotations

import json
import json.encoder
import os
from typing import Any, Callable, Sequence

from . import bounds

# Bound before any DAG code can replace them.
_write, _open, _fstat, _wronly = os.write, os.open, os.fstat, os.O_WRONLY
_set_blocking = os.set_blocking
# A frame begins with its length and a line feed, in at most so many characters.
_LENGTH_DIGITS = 20


def _refuse(value: object) -> None:
    raise TypeError("%s is not JSON" % type(value).__name__)


def _writer() -> Callable[[object], str]:
    """``json.dumps``, also after DAG code has replaced parts of the module ``json``."""
    make = getattr(json.encoder, "c_make_encoder", None)
    escape = json.encoder.encode_basestring_ascii
    if make is None:  # an interpreter without the compiled encoder
        return json.dumps
    write = make(None, _refuse, escape, None, ": ", ", ", False, False, True)
    join = "".join
    return lambda value: join(write(value, 0))


dumps = _writer()


class ResultPipe:
    """The write end of the result pipe. ``theirs`` is the descriptor of the read end in the worker,
    the parent process.

    DAG code may close descriptors that it did not open. The pipe is then reopened through /proc, if
    the system has /proc. ``is_closed`` says whether that happened.
    """

    def __init__(self, descriptor: int, theirs: int, token: bytes = b"") -> None:
        self._descriptor, self._token = descriptor, token
        self._path = "/proc/%d/fd/%d" % (os.getppid(), theirs)
        self._identity = identity(descriptor)
        self._was_closed = False

    def send(self, *frames: bytes) -> None:
        """Write frames at once. Each frame is its length, a line feed and its bytes."""
        if identity(self._descriptor) != self._identity:
            self._was_closed = True
            self._descriptor = _open(self._path, _wronly)
        send(self._descriptor, *frames, token=self._token)

    def is_closed(self) -> bool:
        """Return whether the DAG code closed the descriptor that the child was started with."""
        self._was_closed = self._was_closed or identity(self._descriptor) != self._identity
        return self._was_closed


def send(descriptor: int, *frames: bytes, token: bytes = b"") -> None:
    """Write frames at once. Each frame has the token, its length, a line feed, and its bytes."""
    _set_blocking(descriptor, True)
    data = memoryview(b"".join(token + b"%d\n" % len(frame) + frame for frame in frames))
    while data:
        data = data[_write(descriptor, data) :]


def identity(descriptor: int) -> tuple[int, int] | None:
    """Return device and inode of the file behind an open descriptor; None for a closed one."""
    try:
        found = _fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def frames(data: bytes | bytearray, most: int | None = 2, token: bytes = b"") -> list[bytes]:
    """Return the first ``most`` complete frames of the bytes that a process wrote, all of them for
    None. Whatever follows the second frame of a child is not its report.

    Only the child and its worker know the ``token`` of a parse. The parse of another file can open
    the pipe too, and knows another one.

    :raises ValueError: the bytes are not frames, or a frame is longer than an answer may be.
    """
    found: list[bytes] = []
    start = 0
    while most is None or len(found) < most:
        begin = bytes(data[start : start + len(token)])
        if not token.startswith(begin):
            raise ValueError("a frame without the token")
        start += len(token)
        end = data.find(b"\n", start, start + _LENGTH_DIGITS)
        if end < 0:
            return found
        start, length = end + 1, int(data[start:end])
        if not 0 <= length <= bounds.ANSWER_BYTES:
            raise ValueError("a frame of %d bytes" % length)
        if len(data) - start < length:
            return found
        found.append(bytes(data[start : start + length]))
        start += length
    return found


def decoded(sent: Sequence[bytes]) -> list[Any]:
    """Decode frames of JSON.

    :raises ValueError: a frame is not JSON, or the frames hold more values than a report has.
    """
    if sum(frame.count(mark) for frame in sent for mark in (b",", b"[", b"{")) > (
        bounds.ANSWER_VALUES
    ):
        raise ValueError("more than %d values" % bounds.ANSWER_VALUES)
    try:
        return [json.loads(frame) for frame in sent]
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def joined(result: object, ending: object, held_ms: float) -> Any:
    """Add the times of the process's end to a child's report. The DAG processor counts the end as
    part of the parse.
    """
    if not isinstance(result, dict) or not isinstance(ending, dict):
        return None
    took = ending.pop("ending", {})
    result.update(ending)
    sample = result.get("sample")
    if isinstance(sample, dict):
        try:
            sample["exit_ms"] = took.get("exit_ms", 0.0) + held_ms
            sample["wall_ms"] += sample["exit_ms"]
            sample["cpu_ms"] += took.get("exit_cpu_ms", 0.0)
            sample["queued_ms"] += took.get("exit_queued_ms", 0.0)
        except (KeyError, TypeError, AttributeError, OverflowError):
            # The DAG file wrote the result.
            return None
    return result
