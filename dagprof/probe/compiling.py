"""Compiles for later parses the sources that a parse had to compile, in a process in which no code
of the user runs.

The parse names the sources, and may lie: what is compiled is what stands on the disk, for whoever
imports it.
"""

from __future__ import annotations

import os
import select
import signal
import stat
from time import monotonic
from typing import TYPE_CHECKING, Iterable

from . import answering, faults, kernel
from .parsing import bytecode

if TYPE_CHECKING:
    from .protocol import ParseRequest

# Of one parse, and of all that one worker keeps in memory.
_MOST_SOURCES, _MOST_BYTES = 5_000, 256 << 20
_LARGEST_SOURCE = 64 << 20
# A parse waits for it, and the worker must answer soon after the limit of the parse.
_LIMIT_S, _POLL_S = 10.0, 0.05


class Compiler:
    """Compiles into the bytecode that the children of this process know."""

    def __init__(self, known: bytecode.Bytecode) -> None:
        self._bytecode = known
        self._tried: dict[str, tuple[int, int]] = {}

    def learn(self, sources: object, request: ParseRequest) -> None:
        """Compile what is not known yet, within the memory limit of a parse."""
        wanted = list(self._wanted(sources)) if isinstance(sources, list) else []
        room = _MOST_BYTES - sum(map(len, self._bytecode.known.values()))
        if not wanted or room <= 0:
            return
        done = self._compiled(wanted, monotonic() + _LIMIT_S, request.get("memory_limit_kib"))
        for source, data in done:
            room -= len(data)
            if data and room > 0:
                self._bytecode.learn(source, data)
        # The first source that is not done is never tried again: it takes too long, or too much.
        for source in wanted[len(done) + 1 :]:
            self._tried.pop(source, None)

    def _wanted(self, sources: list[object]) -> Iterable[str]:
        """Those that are files, of versions that were not tried before."""
        for source in sources[:_MOST_SOURCES]:
            if not isinstance(source, str) or "\0" in source:
                continue
            try:
                found = os.stat(source)
            except (OSError, ValueError):
                continue
            version = found.st_mtime_ns, found.st_size
            is_file = stat.S_ISREG(found.st_mode) and found.st_size <= _LARGEST_SOURCE
            if is_file and self._tried.get(source) != version:
                self._tried[source] = version
                yield source

    def _compiled(
        self, sources: list[str], deadline: float, limit_kib: int | None
    ) -> list[tuple[str, bytes]]:
        """Sources and their bytecode, as far as they could be compiled in time."""
        read, write = os.pipe()
        worker = os.getpid()
        try:
            pid = faults.fork()
        except faults.CannotFork:
            os.close(read)
            os.close(write)
            return []
        if pid == 0:
            self._compile_all(sources, write, worker)
        os.close(write)
        try:
            frames = answering.frames(_received(read, pid, deadline, limit_kib), None)
        finally:
            os.close(read)
            kernel.send_signal(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        return list(zip(sources, frames))

    def _compile_all(self, sources: list[str], pipe: int, worker: int) -> None:
        """Send the bytecode of each source, nothing for one that cannot be compiled. Does not
        return.
        """
        try:
            kernel.die_with(worker)
            for source in sources:
                try:
                    data = bytecode.compile_file(source)
                    self._bytecode.write(source, data)
                except Exception:
                    data = b""
                answering.send(pipe, data)
        finally:
            os._exit(0)


def _received(pipe: int, pid: int, deadline: float, limit_kib: int | None) -> bytes:
    """What comes over a pipe until its end, until then, or until its process takes too much
    memory.
    """
    parts: list[bytes] = []
    while monotonic() < deadline:
        if limit_kib and kernel.rss_kib(pid) > limit_kib:
            break
        if select.select([pipe], [], [], _POLL_S)[0]:
            part = os.read(pipe, 1 << 18)
            if not part:
                break
            parts.append(part)
    return b"".join(parts)
