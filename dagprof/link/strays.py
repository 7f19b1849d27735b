"""Finds and ends processes that outlive a killed zygote.

Each process of the probe inherits its orphaned descendants and ends them. If a DAG file kills all
processes of the probe above it, this process inherits the orphans, as long as a zygote exists. This
process may be a user's program with other child processes. dagprof therefore ends only processes in
the session of the zygote, and processes whose environment names the scratch folder of the scan. In
dagprof's own command, no other code starts sessions, so dagprof also ends processes in all other
sessions.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from subprocess import Popen

# The kernel's numbers of two requests to ``prctl``.
_SET_SUBREAPER, _GET_SUBREAPER = 36, 37
# For the end of what was killed; what forks on meanwhile is killed with its copies.
_LIMIT_S, _MOMENT_S = 2.0, 0.001


class _Child(NamedTuple):
    pid: int
    session: int


class _Inheritance:
    """The orphans that this process inherits while ``zygotes`` is not empty.

    ``sessions`` are the processes that dagprof started in new sessions. ``is_all_ours`` says that
    no other code starts sessions in this process.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.zygotes: set[int] = set()
        self.sessions: set[int] = set()
        self.is_all_ours = False
        self._was_subreaper = 0

    def begin(self, zygote: int) -> None:
        """Inherit orphaned processes, before the first zygote starts."""
        with self.lock:
            if not self.zygotes:
                self._was_subreaper = _subreaper()
                _prctl(_SET_SUBREAPER, 1)
            self.zygotes.add(zygote)

    def end(self, zygote: int) -> None:
        """Stop inheriting orphaned processes, after the last zygote."""
        with self.lock:
            self.zygotes.discard(zygote)
            self.sessions.discard(zygote)
            if not self.zygotes:
                _prctl(_SET_SUBREAPER, self._was_subreaper)


_inheritance = _Inheritance()


def claim_sessions() -> None:
    """Record that this process is dagprof's own command, so that only dagprof starts sessions."""
    _inheritance.is_all_ours = True


def started(start: Callable[[], Popen[bytes]]) -> Popen[bytes]:
    """Start a process in a new session. The process is no stray until ``forgotten`` is called."""
    with _inheritance.lock:
        process = start()
        _inheritance.sessions.add(process.pid)
        return process


def forgotten(pid: int) -> None:
    """Record that a process from ``started`` has ended."""
    with _inheritance.lock:
        _inheritance.sessions.discard(pid)


class Strays:
    """The processes that one zygote may leave. Call ``end`` when the zygote has ended.

    ``mark`` is a text in the environment of all processes that the zygote starts.
    """

    def __init__(self, zygote: int, mark: str) -> None:
        self._zygote, self._mark = zygote, os.fsencode(mark)
        _inheritance.begin(zygote)

    def end(self) -> None:
        """Kill the remaining processes and their children; safe to call twice."""
        if self._zygote not in _inheritance.zygotes:
            return
        until = time.monotonic() + _LIMIT_S
        while (found := self._killed()) and time.monotonic() < until:
            time.sleep(_MOMENT_S)
            for pid in found:
                with contextlib.suppress(OSError):
                    os.waitpid(pid, os.WNOHANG)
        _inheritance.end(self._zygote)

    def _killed(self) -> list[int]:
        with _inheritance.lock:
            found = [child.pid for child in _children() if self._is_mine(child)]
            for pid in found:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            return found

    def _is_mine(self, child: _Child) -> bool:
        if child.pid in _inheritance.sessions:
            return False
        if child.session == self._zygote or self._mark in _environment(child.pid):
            return True
        return _inheritance.is_all_ours and child.session != os.getsid(0)


def _children() -> Iterator[_Child]:
    """The children of this process; empty if the kernel does not list processes."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return
    for name in filter(str.isdigit, names):
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{name}/stat", "rb") as file:
                # After the name of the program: state, parent, group, session.
                fields = file.read().rpartition(b")")[2].split()
            if int(fields[1]) == os.getpid():
                yield _Child(int(name), int(fields[3]))


def _environment(pid: int) -> bytes:
    """The initial environment of a process; empty if dagprof cannot read it."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
        return file.read()
    return b""


def _subreaper() -> int:
    """Whether this process already inherits orphans, according to ``prctl``."""
    import ctypes

    answer = ctypes.c_int(0)
    _prctl(_GET_SUBREAPER, ctypes.byref(answer))
    return answer.value


def _prctl(request: int, value: object) -> None:
    """Call ``prctl`` on Linux; do nothing on other systems."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(request, value, 0, 0, 0)
