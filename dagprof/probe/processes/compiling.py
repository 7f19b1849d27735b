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
from typing import TYPE_CHECKING, Iterable, Tuple

from .. import answering, faults
from ..parsing import bytecode
from ..system import kernel

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

# Of one parse, and of all that one worker keeps in memory.
_MOST_SOURCES, _MOST_BYTES = 5_000, 256 << 20
_LARGEST_SOURCE = 64 << 20
# The parse has compiled the sources too, so this takes no longer than the parse, or not much. The
# next parse waits for it, and the worker must answer soon after the limit of that parse.
_SHARE, _LEAST_S, _MOST_S = 1.5, 0.5, 25.0
_POLL_S = 0.05
# A busy machine can be the reason why a source takes too long.
_ATTEMPTS = 2
# The time in ns when a source was changed, and its size.
_Version = Tuple[int, int]


class Compiler:
    """Compiles into the bytecode that the children of this process know."""

    def __init__(self, known: bytecode.Bytecode) -> None:
        self._bytecode = known
        self._tried: dict[str, tuple[_Version, int]] = {}

    def renew(self, sources: list[str], limit_kib: int | None) -> None:
        """Compile anew what was saved, whatever its time and size say. Sources of which nothing was
        known are left to the parse.
        """
        known = [source for source in sources if self._bytecode.knows(source)]
        for source in sources:
            self._bytecode.forget(source)
            self._tried.pop(source, None)
        if known:
            self.learn(known, 0.0, limit_kib)

    def learn(self, sources: object, parse_s: float, limit_kib: int | None) -> None:
        """Compile what a parse of so many seconds has compiled, within its memory limit."""
        wanted = list(self._wanted(sources)) if isinstance(sources, list) else []
        room = _MOST_BYTES - sum(map(len, self._bytecode.known.values()))
        if not wanted or room <= 0:
            return
        deadline = monotonic() + min(_MOST_S, _LEAST_S + _SHARE * parse_s)
        done = self._compiled(wanted, deadline, limit_kib)
        for source, data in done:
            room -= len(data)
            if data and room > 0:
                self._bytecode.learn(source, data)
            self._tried[source] = (self._tried[source][0], _ATTEMPTS)
        # The first source that is not done took too long, or too much memory; the others wait.
        for source in wanted[len(done) + 1 :]:
            del self._tried[source]

    def _wanted(self, sources: list[object]) -> Iterable[str]:
        """Those that are files, of versions that were not tried before."""
        for source in dict.fromkeys(filter(_is_path, sources[:_MOST_SOURCES])):
            try:
                found = os.stat(source)
            except (OSError, ValueError):
                continue
            version = found.st_mtime_ns, found.st_size
            before, attempts = self._tried.get(source, (version, 0))
            attempts = attempts if before == version else 0
            is_file = stat.S_ISREG(found.st_mode) and found.st_size <= _LARGEST_SOURCE
            if is_file and attempts < _ATTEMPTS:
                self._tried[source] = (version, attempts + 1)
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


def _is_path(source: object) -> TypeGuard[str]:
    return isinstance(source, str)


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
