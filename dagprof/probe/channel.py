"""Reads from descriptors: JSON objects, one a line, from a stream socket, and bytes up to a limit.

A file descriptor can be attached to a JSON object.
"""

from __future__ import annotations

import array
import json
import os
import socket
from typing import Any, Mapping


class Channel:
    """One end of a conversation. ``receive`` returns None when the other side is gone."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._pending = b""
        self._descriptors: list[int] = []

    def send(self, message: Mapping[str, object]) -> None:
        self.send_raw(json.dumps(message).encode("ascii"))

    def send_raw(self, line: bytes) -> None:
        self.socket.sendall(line + b"\n")

    def receive(self) -> Any:
        """Return the next message, in a form of ``protocol``; None at the end."""
        while b"\n" not in self._pending:
            try:
                data, ancillary, _, _ = self.socket.recvmsg(1 << 16, socket.CMSG_LEN(4))
            except OSError:
                return None
            if not data:
                return None
            self._keep_descriptors(ancillary)
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return json.loads(line)

    def is_at_end(self) -> bool:
        """Whether the other side is gone. Does not wait."""
        if self._pending:
            return False
        try:
            return not self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def take_socket(self) -> socket.socket:
        """Return the socket that came with the last message."""
        return socket.socket(fileno=self._descriptors.pop(0))

    def _keep_descriptors(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(data[: len(data) - len(data) % received.itemsize])
                self._descriptors.extend(received)


class Stream:
    """The output of a child, up to a limit in bytes. The rest is read and counted, but not kept."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self.descriptor = descriptor
        self.data = bytearray()
        self.total = 0
        self._limit = limit
        # The child can open this end too, and take bytes that ``select`` has announced here.
        os.set_blocking(descriptor, False)

    @property
    def is_over(self) -> bool:
        """Whether the child wrote more than the limit."""
        return self.total > self._limit

    def read(self) -> bool:
        """Read what is available, without waiting. Return False at the end of file."""
        try:
            chunk = os.read(self.descriptor, 1 << 16)
        except BlockingIOError:
            return True
        self.total += len(chunk)
        if len(self.data) < self._limit:
            self.data += chunk
            del self.data[self._limit :]
        return bool(chunk)
