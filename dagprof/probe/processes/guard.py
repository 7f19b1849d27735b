"""Follows one child from its fork to its end: limits its time, memory and output, and notices its
death.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

from .. import answering, bounds, faults
from ..channel import Channel, Stream
from ..parsing import schedules
from ..system.kernel import (
    END_S,
    die_with,
    has_children,
    kill_leftovers,
    let_trackers_end,
    oom_kills,
    send_signal,
    wait_for_end,
)
from . import child, spawned
from .isolation import BYTECODE_BYTES, Isolation
from .memory import TreeMemory

if TYPE_CHECKING:
    from resource import struct_rusage

    from ..protocol.result import Result
    from ..protocol.worker import ParseRequest, Reply
    from .surroundings import Surroundings

# Bound before any DAG code can replace them. A child that cannot leave would become another worker.
_exit, _write = os._exit, os.write
_POLL_S = 0.05
# The child ends the count of the runs by itself, so much earlier.
_MORE_S = 5.0
# Reading the rest of the pipes ends after so many seconds. A pipe holds a mebibyte at most, unless
# root made it larger.
_DRAIN_S, _PIPE_BYTES = 0.2, 1 << 20
# The limit of waiting for processes that hold the output of a finished parse. Airflow waits until
# its time-out.
HOLD_S = 10.0


class Guard:
    """One child from its fork to its end."""

    def __init__(
        self,
        channel: Channel,
        request: ParseRequest,
        *,
        is_supervised: bool,
    ) -> None:
        self._is_supervised = is_supervised
        self._channel = channel
        self._request = request
        self._outcome = "ended"
        self._status: int | None = None
        self._usage: struct_rusage | None = None
        self._oom_kills = oom_kills()
        self._sent: list[bytes] = []
        self._looked_at = 0
        self._told: float | None = None
        # The time at which the parse had ended and its process went on with the schedules.
        self._went_on: float | None = None
        self._counting_s = 0.0
        self._wanted = 3 if "schedules" in request else 2
        self._held_ms = 0.0

    @property
    def sent_before(self) -> bytearray:
        """The bytes that came over the supervisor's socket, as far as they are kept."""
        return self._requests.data

    def start(
        self,
        surroundings: Surroundings,
        pre_imported: list[str],
        isolation: Isolation,
    ) -> None:
        """Fork the child."""
        pipes = [os.pipe() for _ in range(3)]
        ours, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        self._started = perf_counter()
        self._deadline = monotonic() + self._request["time_limit_s"]
        self._token = os.urandom(8).hex().encode("ascii") + b" "
        worker = os.getpid()
        self._pid = faults.fork()
        if self._pid == 0:
            ours.close()
            die_with(worker)
            isolation.leave()
            self._become_child(surroundings, pre_imported, isolation.folder, pipes, theirs.detach())
        theirs.close()
        # Keep the writing end of the result pipe open too. If the DAG file closed the child's
        # descriptors, the child reopens the pipe.
        self._writing_end = pipes[0][1]
        for _, write in pipes[1:]:
            os.close(write)
        output = bounds.OUTPUT_BYTES
        self._result, self._stdout, self._stderr = (
            Stream(read, limit)
            for (read, _), limit in zip(pipes, (bounds.ANSWER_BYTES, output, output))
        )
        bytecode_bytes = BYTECODE_BYTES if self._request.get("first") else 0
        self._requests = Stream(ours.detach(), bytecode_bytes)
        self._memory = TreeMemory(self._pid, self._request.get("memory_limit_kib"))

    def _become_child(
        self,
        surroundings: Surroundings,
        pre_imported: list[str],
        folder: spawned.Folder | None,
        pipes: list[tuple[int, int]],
        requests: int,
    ) -> None:
        code = 1
        try:
            os.setpgid(0, 0)
            self._channel.socket.close()
            for (read, write), target in zip(pipes, (None, 1, 2)):
                os.close(read)
                if target is not None:
                    os.dup2(write, target)
                    os.close(write)
            if folder is not None:
                descriptors = pipes[0][1], pipes[0][0], requests
                message = self._request, self._token
                spawned.begin(surroundings, pre_imported, message, folder, descriptors)
            surroundings.collector.resume()
            child.run(
                surroundings,
                self._request,
                answering.ResultPipe(pipes[0][1], pipes[0][0], self._token),
                requests,
            )
            code = 0
        except BaseException as error:
            what = bounds.type_name(error), bounds.cut(bounds.plain(error), bounds.MESSAGE)
            _write(2, ("dagprof probe: %s: %s\n" % what).encode("utf-8", "replace"))
        finally:
            _exit(code)

    def until_done(self) -> Reply:
        """Follow the child to its end and describe the parse."""
        streams = (self._result, self._stdout, self._stderr, self._requests)
        with selectors.DefaultSelector() as selector:
            for stream in streams:
                selector.register(stream.descriptor, selectors.EVENT_READ, stream)
            selector.register(self._channel.socket, selectors.EVENT_READ, None)
            self._follow(selector)
            self._reap()
            self._drain(selector)
            self._wait_for_holders(selector)
        self._end_group()
        for descriptor in (self._writing_end, *(stream.descriptor for stream in streams)):
            os.close(descriptor)
        return self._describe()

    def _follow(self, selector: selectors.BaseSelector) -> None:
        while len(self._frames()) < self._wanted:
            self._read_some(selector, min(_POLL_S, self._deadline - monotonic()))
            # Other processes may still write into its pipes when it has ended.
            if self._outcome != "ended" or self._is_over_limits() or self._has_ended():
                return

    def _read_some(self, selector: selectors.BaseSelector, wait_s: float) -> None:
        """Read from the pipes after at most ``wait_s``."""
        for key, _ in selector.select(max(0.0, wait_s)):
            if key.data is None:
                self._give_up("abandoned")
                return
            if not key.data.read():
                selector.unregister(key.fd)

    def _wait_for_holders(self, selector: selectors.BaseSelector) -> None:
        """Wait for processes that hold the standard streams of a parse. Airflow 3 waits for them,
        so their time belongs to the parse.

        There is a limit, because a process that holds them longer usually does so until Airflow's
        time-out. A parse without a result gets none by waiting.
        """
        if not self._is_supervised or self._outcome != "ended" or not self._frames():
            return
        ended = monotonic() if self._went_on is None else self._went_on
        limit = min(self._deadline, ended + self._request.get("hold_s", HOLD_S))
        while self._is_held(selector) and self._outcome == "ended":
            self._held_ms = (monotonic() - ended) * 1000
            if monotonic() >= limit:
                self._outcome = "held"
                return
            if self._memory.is_over():
                self._give_up("memory-limit")
            self._read_some(selector, min(_POLL_S, limit - monotonic()))
        if self._held_ms:
            self._held_ms = (monotonic() - ended) * 1000

    def _is_held(self, selector: selectors.BaseSelector) -> bool:
        waited_for = (self._stdout, self._stderr, self._requests)
        return any(key.data in waited_for for key in selector.get_map().values())

    def _frames(self) -> list[bytes]:
        """The complete frames that the child has sent so far: the results, then how the child
        ended.
        """
        if self._looked_at != self._result.total:
            self._looked_at = self._result.total
            try:
                self._sent = answering.frames(self._result.data, self._wanted, self._token)
            except ValueError:  # the DAG file wrote into the pipe
                self._sent = []
            if self._sent and self._told is None:
                self._told = perf_counter()
            if len(self._sent) == 2 < self._wanted and self._went_on is None:
                self._went_on = monotonic()
                counts = self._request.get("counts_backlog", False)
                limit_s = schedules.LONG_LIMIT_S if counts else schedules.LIMIT_S
                self._deadline = max(self._deadline, self._went_on + limit_s + _MORE_S)
            if len(self._sent) == 3 and self._went_on is not None:
                self._counting_s = monotonic() - self._went_on
        return self._sent

    def _read_result(self, sent: list[bytes]) -> Result | None:
        """Join all frames. If an exit handler ended the process, all time after the first frame
        counts as its end.
        """
        try:
            result, *others = answering.decoded(sent)
        except ValueError:
            return None
        ending = (
            others[0]
            if others
            else {"ending": {"exit_ms": max(0.0, self._ended - (self._told or self._ended)) * 1000}}
        )
        joined: Result | None = answering.joined(result, ending, self._held_ms)
        if joined is not None and len(others) > 1:
            joined["schedules"] = others[1]
        return joined

    def _is_over_limits(self) -> bool:
        if monotonic() >= self._deadline:
            self._give_up("time-limit")
        elif self._result.is_over:
            self._give_up("too-large")
        elif self._memory.is_over():
            self._give_up("memory-limit")
        return self._outcome != "ended"

    def _give_up(self, outcome: str) -> None:
        self._outcome = outcome
        send_signal(self._pid, signal.SIGKILL, group=True)
        if self._status is None:  # otherwise the number may belong to another process
            send_signal(self._pid, signal.SIGKILL)

    def _has_ended(self) -> bool:
        pid, status, usage = os.wait4(self._pid, os.WNOHANG)
        if pid:
            self._status, self._usage = status, usage
        return bool(pid)

    def _drain(self, selector: selectors.BaseSelector) -> None:
        """Read the rest of the pipes. Processes that outlive the child may go on writing."""
        until = monotonic() + _DRAIN_S
        left = {self._result: bounds.ANSWER_BYTES, self._stdout: _PIPE_BYTES}
        ends = {
            key.data: key.data.total + left.get(key.data, _PIPE_BYTES)
            for key in selector.get_map().values()
            if key.data is not None
        }
        while monotonic() < until:
            events = [key for key, _ in selector.select(0) if key.data in ends]
            for key in events:
                if not key.data.read():
                    selector.unregister(key.fd)
                if key.data.total >= ends[key.data]:
                    del ends[key.data]
            if not events:
                return

    def _reap(self) -> None:
        """Wait for the child, which has sent everything and ends soon, or was killed."""
        while self._status is None and self._outcome == "ended" and not self._has_ended():
            if not self._is_over_limits():
                wait_for_end(self._pid, min(_POLL_S, self._deadline - monotonic()))
        until = monotonic() + END_S
        while self._status is None and not self._has_ended() and monotonic() < until:
            wait_for_end(self._pid, until - monotonic())
        self._ended = perf_counter()

    def _end_group(self) -> None:
        # The count of the runs is no part of the parse.
        self._total_ms = (perf_counter() - self._started - self._counting_s) * 1000
        self._leftovers = 0
        # Orphans are children of this process. If there are none, the group is empty too.
        if not has_children():
            return
        let_trackers_end()
        send_signal(self._pid, signal.SIGKILL, group=True)
        self._leftovers = kill_leftovers(set())

    def _describe(self) -> Reply:
        status = self._status or 0
        killed = os.WIFSIGNALED(status)
        if (
            killed
            and os.WTERMSIG(status) == signal.SIGKILL
            and self._outcome == "ended"
            and oom_kills() > self._oom_kills
        ):
            self._outcome = "memory-limit"
        result = None
        sent = self._frames()
        has_parsed = not self._is_supervised or self._went_on is not None
        if sent and self._outcome == "time-limit" and has_parsed:
            self._outcome = "ended"  # Airflow 2 stores the DAGs before it waits for threads
        if sent and self._outcome in ("ended", "held"):
            self._outcome = "result" if self._outcome == "ended" else self._outcome
            result = self._read_result(sent)
        if result is None and not killed and self._outcome in ("ended", "result", "held"):
            self._outcome = "broken" if self._result.total else "ended"
        return {
            "outcome": self._outcome,
            "signal": os.WTERMSIG(status) if killed else None,
            "exit_code": None if killed else os.WEXITSTATUS(status),
            "stdout": self._shown(self._stdout),
            "stderr": self._shown(self._stderr),
            "total_ms": self._total_ms,
            "max_rss_kib": self._usage.ru_maxrss if self._usage else 0,
            "blocks_read": self._usage.ru_inblock if self._usage else 0,
            "leftover_processes": self._leftovers,
            "asked_for_database": False,  # see ``isolation``
            "result": result,  # the last field, see ``protocol.Reply``
        }

    def _shown(self, stream: Stream) -> list[str | int]:
        text = stream.data.decode("utf-8", "replace")
        return [bounds.words(text, len(text)) if stream.is_over else text, stream.total]
