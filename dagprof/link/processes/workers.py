"""The conversation with a worker, with a time limit that a DAG file cannot extend.

A DAG file can stop its worker with a signal. The worker then no longer enforces the limits of the
parse.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path
from typing import TypeVar

import msgspec

from dagprof.errors import MeasurementError
from dagprof.link import reading
from dagprof.link.masking import Masking
from dagprof.link.messages.reply import NoFork, Reply
from dagprof.link.messages.zygote import Failed, Layered, Preloaded, Surveyed
from dagprof.link.processes.conversation import CannotFork, Conversation, Garbled, Silence

# A worker ends each parse at its limit and answers. One that is silent for so much longer is woken.
# If it is stopped after another while, it is killed. Else it gets more time, for a busy machine.
_WAKE_S, _STOPPED_S, _GRACE_S = 1.0, 0.8, 28.0
# A survey knows its limit. Without it, files are parsed in isolation, so it gets little more time.
_SURVEY_GRACE_S = 0.5
# States in /proc/PID/stat: stopped by a signal, stopped by a debugger.
_STOPPED = ("T", "t")


_Answer = TypeVar("_Answer", bound=msgspec.Struct)


class WorkerConversation(Conversation):
    """The other end is a worker: the process ``pid`` in the session of its zygote."""

    def __init__(self, sock: socket.socket, masking: Masking, pid: int, session: int) -> None:
        super().__init__(sock, masking)
        self.pid, self._session = pid, session

    def reply(self, time_limit_s: float) -> Reply:
        """How a parse with this time limit ended.

        :raises CannotFork: the worker reports it.
        :raises ConnectionLost: as ``receive``, with time for the worker to end the parse. dagprof
            wakes a worker that the DAG file has stopped, and kills it if that does not help.
        :raises Garbled: the message is not one of a worker.
        """
        line = self._watched(time_limit_s)
        try:
            found = reading.reply(line)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Garbled(type(error).__name__) from error
        if isinstance(found, NoFork):
            raise CannotFork(self._masking.answer(found).reason)
        return self._masking.reply(found)

    def preloaded(self, time_limit_s: float) -> Preloaded:
        """What the imports cost that this worker began with.

        :raises ConnectionLost: the imports ended or stopped the worker, or took too long.
        """
        return self._began(time_limit_s, Preloaded)

    def surveyed(self, time_limit_s: float) -> Surveyed:
        """The survey of a layer.

        :raises ConnectionLost: the imports ended or stopped the worker, or took too long.
        :raises MeasurementError: the survey failed.
        """
        return self._began(time_limit_s, Surveyed, _SURVEY_GRACE_S)

    def layered(self, time_limit_s: float) -> Layered:
        """Whether the worker has recorded its layer.

        :raises ConnectionLost: as ``surveyed``.
        """
        return self._began(time_limit_s, Layered)

    def _began(
        self, time_limit_s: float, form: type[_Answer], grace_s: float = _GRACE_S
    ) -> _Answer:
        line = self._watched(time_limit_s, grace_s)
        try:
            return self._masking.answer(msgspec.json.decode(line, type=form))
        except msgspec.ValidationError:
            refused = self._refusal(line)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Garbled(type(error).__name__) from error
        raise MeasurementError(refused.failed)

    def _refusal(self, line: bytes) -> Failed:
        try:
            return self._masking.answer(msgspec.json.decode(line, type=Failed))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Garbled(type(error).__name__) from error

    def _watched(self, time_limit_s: float, grace_s: float = _GRACE_S) -> bytes:
        with contextlib.suppress(Silence):
            return self.receive(time_limit_s + _WAKE_S)
        wake(self.pid)
        try:
            with contextlib.suppress(Silence):
                return self.receive(_STOPPED_S)
            return self.receive(0.0 if _is_stopped(self.pid) else grace_s)
        except Silence:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill the worker. Another thread may be waiting for its reply, and gets an error."""
        with contextlib.suppress(OSError):
            # In another session the number may be another process's by now.
            if os.getsid(self.pid) == self._session:
                os.kill(self.pid, signal.SIGKILL)


def wake(pid: int) -> None:
    """Continue a process that a signal has stopped. A running process does not notice."""
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGCONT)


def _is_stopped(pid: int) -> bool:
    """Whether a process is stopped; False if the system does not report it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    # The second field is the program's name, in brackets and with any characters.
    return stat.rpartition(")")[2].split()[:1] in ([state] for state in _STOPPED)
