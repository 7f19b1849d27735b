"""The parent's end of the line protocol: whole messages, in time, and not too large."""

from __future__ import annotations

import array
import json
import socket
import time
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from dagprof.link.masking import Masking
from dagprof.link.messages.zygote import Listing
from dagprof.surrogates import without_surrogates

# For one system call, which accepts at most 24 days.
_LONGEST_WAIT_S = 3600.0
# The largest message. A trace of 3,000 modules takes one megabyte, serialised DAGs take several.
_LARGEST_BYTES = 256 << 20
_Answer = TypeVar("_Answer", bound=msgspec.Struct)
_Refusal = TypeVar("_Refusal", bound=msgspec.Struct)


class ConnectionLost(Exception):
    """The process at the other end is gone, or did not answer in time."""


class Silence(ConnectionLost):
    """The process at the other end did not answer in time. It may still answer."""


class Garbled(ConnectionLost):
    """The message is not one of the probe. A plugin wrote it, or broke the code that writes it."""


class CannotFork(ConnectionLost):
    """A worker cannot fork a parsing process, and has ended. The message is the reason."""


class Conversation:
    """One end of the probe's line protocol. Two threads must not use it at once."""

    def __init__(self, sock: socket.socket, masking: Masking) -> None:
        self._socket, self._masking = sock, masking
        self._pending = bytearray()

    def send(self, message: Mapping[str, object], attached: socket.socket | None = None) -> None:
        """Send one message, with ``attached`` if there is a socket to send."""
        ancillary = []
        if attached is not None:
            ancillary = [
                (
                    socket.SOL_SOCKET,
                    socket.SCM_RIGHTS,
                    array.array("i", [attached.fileno()]).tobytes(),
                )
            ]

        # JSON escapes line ends and characters outside ASCII. So the only line end is that of the
        # message.
        data = json.dumps(message).encode("ascii") + b"\n"
        try:
            # The socket travels with the first bytes. ``sendmsg`` may stop early, and the rest of
            # the message needs no socket.
            sent = self._socket.sendmsg([data], ancillary)
            self._socket.sendall(data[sent:])
        except OSError as error:
            raise ConnectionLost(str(error)) from error

    def answer(
        self, limit_s: float, form: type[_Answer], otherwise: type[_Refusal]
    ) -> _Answer | _Refusal:
        """The zygote's next message, in one of two forms. File names in a listing stay exact, even
        if they are not UTF-8.

        :raises ConnectionLost: as ``receive``.
        :raises Garbled: the message has neither form.
        """
        line = self.receive(limit_s)
        try:
            message = json.loads(line)
            exact = message if form is Listing else without_surrogates(message)
            try:
                return self._masking.answer(msgspec.convert(exact, form))
            except msgspec.ValidationError:
                refusal = msgspec.convert(without_surrogates(message), otherwise)
                return self._masking.answer(refusal)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Garbled(type(error).__name__) from error

    def receive(self, limit_s: float) -> bytes:
        """The next message as sent, one line of JSON.

        :raises Silence: no whole message within ``limit_s`` seconds.
        :raises Garbled: the message is too long.
        :raises ConnectionLost: end of file.
        """
        deadline = time.monotonic() + limit_s

        # A trace has megabytes in one line. So dagprof looks at each byte once, and the buffer
        # grows in place.
        start = 0
        while (end := self._pending.find(b"\n", start)) < 0:
            start = len(self._pending)
            if start > _LARGEST_BYTES:
                raise Garbled(f"more than {_LARGEST_BYTES:,} bytes")
            # A timeout of zero would not wait at all, and a negative one is an error.
            left_s = max(0.01, deadline - time.monotonic())
            self._socket.settimeout(min(left_s, _LONGEST_WAIT_S))
            try:
                data = self._socket.recv(1 << 18)
            except TimeoutError as error:
                if time.monotonic() < deadline:
                    continue
                raise Silence(str(error)) from error
            except OSError as error:
                raise ConnectionLost(str(error)) from error
            if not data:
                raise ConnectionLost("end of file")
            self._pending += data
            if time.monotonic() >= deadline and b"\n" not in data:
                raise Silence("the message does not end")

        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        return line

    def close(self) -> None:
        self._socket.close()
