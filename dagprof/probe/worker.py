"""Runs one parse after the other, each in a child of its own, and watches over it: time, memory, output, death."""

from __future__ import annotations

import gc
import json
import os
import resource
import selectors
import signal
import sys
from time import monotonic, perf_counter, sleep
from typing import Any, Callable

from . import child
from .channel import Channel

OUTPUT_LIMIT = 32 * 1024
_POLL_S = 0.05
_REST_S = 0.005
_PAGE_KIB = resource.getpagesize() // 1024


def serve(channel: Channel, surroundings: child.Surroundings, pre_imported: list[Any]) -> None:
    """Answer requests until the other side is gone.

    The collector is off here and on in the children: what a worker reads must not move the state that they inherit.
    """
    gc.disable()
    become_subreaper()
    surroundings.api.prepare_child()
    while True:
        request = channel.receive()
        if request is None:
            return
        watch = Watch(channel, request, surroundings.redact)
        watch.start(surroundings, pre_imported)
        channel.send(watch.until_done())


def become_subreaper() -> None:
    """Inherit orphaned descendants, so that they can be found and killed (Linux; elsewhere nothing happens)."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return


def kill_leftovers(keep: set[Any]) -> int:
    """Kill all children of this process but ``keep``, and those they leave; return how many there were."""
    killed = 0
    for _ in range(20):
        found = [pid for pid in _children() if pid not in keep]
        if not found:
            break
        for pid in found:
            killed += 1
            _signal(pid, signal.SIGKILL)
            try:
                os.waitpid(pid, 0)
            except OSError:
                continue
    return killed


def _children() -> list[Any]:
    pid = os.getpid()
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), "rb") as file:
            return [int(text) for text in file.read().split()]
    except OSError:
        return []


def _signal(pid: int, number: int, group: bool = False) -> None:
    try:
        os.killpg(pid, number) if group else os.kill(pid, number)
    except OSError:
        return


class _Stream:
    """What a child writes, up to a limit; the rest is read and counted."""

    def __init__(self, descriptor: int, limit: int | None) -> None:
        self.descriptor = descriptor
        self.data = bytearray()
        self.total = 0
        self._limit = limit

    def read(self) -> bool:
        """Take what is there; False at the end of file."""
        chunk = os.read(self.descriptor, 1 << 16)
        self.total += len(chunk)
        if self._limit is None or len(self.data) < self._limit:
            self.data += chunk
            if self._limit is not None:
                del self.data[self._limit :]
        return bool(chunk)


class Watch:
    """One child from fork to reaping."""

    def __init__(self, channel: Channel, request: dict[Any, Any], redact: Callable[..., Any]) -> None:
        self._redact = redact
        self._channel = channel
        self._request = request
        self._outcome = "ended"
        self._status: int | None = None
        self._usage: Any = None
        self._oom_kills = _oom_kills()

    def start(self, surroundings: child.Surroundings, pre_imported: list[Any]) -> None:
        pipes = [os.pipe() for _ in range(3)]
        sys.stdout.flush()
        sys.stderr.flush()
        self._started = perf_counter()
        self._deadline = monotonic() + self._request["time_limit_s"]
        self._pid = os.fork()
        if self._pid == 0:
            self._become_child(surroundings, pre_imported, pipes)
        for _, write in pipes:
            os.close(write)
        self._result, self._stdout, self._stderr = (
            _Stream(read, limit) for (read, _), limit in zip(pipes, (None, OUTPUT_LIMIT, OUTPUT_LIMIT))
        )

    def _become_child(self, surroundings: child.Surroundings, pre_imported: list[Any], pipes: list[Any]) -> None:
        code = 1
        try:
            os.setpgid(0, 0)
            self._channel.socket.close()
            for (read, write), target in zip(pipes, (None, 1, 2)):
                os.close(read)
                if target is not None:
                    os.dup2(write, target)
                    os.close(write)
            if self._request.get("spawn"):
                _exec_child(surroundings.config, pre_imported, self._request, pipes[0][1])
            gc.enable()
            child.run(surroundings, self._request, pipes[0][1])
            code = 0
        except BaseException as error:
            sys.stderr.write("dagprof probe: %s: %s\n" % (type(error).__name__, error))
            sys.stderr.flush()
        finally:
            os._exit(code)

    def until_done(self) -> dict[Any, Any]:
        """Follow the child to its end and describe it."""
        streams = (self._result, self._stdout, self._stderr)
        with selectors.DefaultSelector() as selector:
            for stream in streams:
                selector.register(stream.descriptor, selectors.EVENT_READ, stream)
            selector.register(self._channel.socket, selectors.EVENT_READ, None)
            self._follow(selector)
        self._reap()
        for stream in streams:
            os.close(stream.descriptor)
        return self._describe()

    def _follow(self, selector: Any) -> None:
        while not self._has_result():
            events = selector.select(max(0.0, min(_POLL_S, self._deadline - monotonic())))
            for key, _ in events:
                if key.data is None:
                    self._give_up("abandoned")
                    return
                if not key.data.read():
                    selector.unregister(key.fd)
            if self._is_over_limits() or (not events and self._has_ended()):
                break
        self._drain(selector)

    def _has_result(self) -> bool:
        data = self._result.data
        end = data.find(b"\n", 0, 20)
        return end > 0 and len(data) - end - 1 >= int(data[:end])

    def _read_result(self) -> dict[Any, Any]:
        data = self._result.data
        start = data.find(b"\n") + 1
        return json.loads(data[start : start + int(data[: start - 1])])

    def _is_over_limits(self) -> bool:
        limit = self._request.get("memory_limit_kib")
        if monotonic() >= self._deadline:
            self._give_up("time-limit")
        elif limit and _rss_kib(self._pid) > limit:
            self._give_up("memory-limit")
        return self._outcome != "ended"

    def _give_up(self, outcome: str) -> None:
        self._outcome = outcome
        _signal(self._pid, signal.SIGKILL, group=True)
        _signal(self._pid, signal.SIGKILL)

    def _has_ended(self) -> bool:
        pid, status, usage = os.wait4(self._pid, os.WNOHANG)
        if pid:
            self._status, self._usage = status, usage
        return bool(pid)

    def _drain(self, selector: Any) -> None:
        """Take what is still in the pipes, without waiting for writers that outlive the child."""
        while True:
            events = [(key, mask) for key, mask in selector.select(0) if key.data is not None]
            if not events:
                return
            for key, _ in events:
                if not key.data.read():
                    selector.unregister(key.fd)

    def _reap(self) -> None:
        while self._status is None and self._outcome == "ended" and not self._has_result() and not self._has_ended():
            if monotonic() >= self._deadline:
                self._give_up("time-limit")
            sleep(_REST_S)
        if self._status is None:
            _, self._status, self._usage = os.wait4(self._pid, 0)
        self._total_ms = (perf_counter() - self._started) * 1000
        _signal(self._pid, signal.SIGKILL, group=True)
        self._leftovers = kill_leftovers(set())

    def _describe(self) -> dict[Any, Any]:
        status = self._status or 0
        killed = os.WIFSIGNALED(status)
        if (
            killed
            and os.WTERMSIG(status) == signal.SIGKILL
            and self._outcome == "ended"
            and _oom_kills() > self._oom_kills
        ):
            self._outcome = "memory-limit"
        result = None
        if self._has_result():
            self._outcome = "result"
            result = self._read_result()
        return {
            "outcome": self._outcome,
            "signal": os.WTERMSIG(status) if killed else None,
            "exit_code": None if killed else os.WEXITSTATUS(status),
            "result": result,
            "stdout": self._shown(self._stdout),
            "stderr": self._shown(self._stderr),
            "total_ms": self._total_ms,
            "max_rss_kib": self._usage.ru_maxrss if self._usage else 0,
            "blocks_read": self._usage.ru_inblock if self._usage else 0,
            "leftover_processes": self._leftovers,
        }

    def _shown(self, stream: _Stream) -> list[Any]:
        return [self._redact(stream.data.decode("utf-8", "replace")), stream.total]


def _exec_child(
    config: dict[Any, Any], pre_imported: list[Any], request: dict[Any, Any], result_descriptor: int
) -> None:
    """Become a new interpreter that takes its request from a file, which it alone can read."""
    import tempfile

    stream = tempfile.TemporaryFile(dir=config["scratch"])  # noqa: SIM115 - outlives this process image
    stream.write(json.dumps({"config": {**config, "pre_imported": pre_imported}, "request": request}).encode("ascii"))
    stream.flush()
    stream.seek(0)
    for descriptor in (stream.fileno(), result_descriptor):
        os.set_inheritable(descriptor, True)
    probe = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
    os.execv(sys.executable, [sys.executable, probe, "child", str(stream.fileno()), str(result_descriptor)])


def _rss_kib(pid: int) -> int:
    try:
        with open("/proc/%d/statm" % pid, "rb") as file:
            return int(file.read().split()[1]) * _PAGE_KIB
    except (OSError, IndexError, ValueError):
        return 0


def _oom_kills() -> int:
    """How often the kernel killed for memory in this control group; 0 where it does not tell."""
    try:
        with open("/sys/fs/cgroup/memory.events") as file:
            for line in file:
                name, _, count = line.partition(" ")
                if name == "oom_kill":
                    return int(count)
    except (OSError, ValueError):
        pass
    return 0
