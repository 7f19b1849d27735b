"""Asks the system about the worker's children: their processes, their memory, and their end."""

from __future__ import annotations

import functools
import os
import resource
import select
import signal
import time
from typing import Callable

_MOMENT_S = 0.0005
# The limit of waiting for killed processes. Many processes, or much memory, take a while. A process
# that hangs inside the kernel does not end.
END_S = 0.6
# Processes that were killed and counted, and have not ended yet.
_ending: set[int] = set()
_TRACKER, _TRACKER_S = b"from multiprocessing.resource_tracker import main", 1.0
_PAGE_KIB = resource.getpagesize() // 1024
_LIMITS = [value for name, value in sorted(vars(resource).items()) if name.startswith("RLIMIT_")]


_END_WITH_PARENT, _SUBREAPER = 1, 36  # the kernel's numbers of two requests to ``prctl``


def become_subreaper() -> None:
    """Inherit orphaned descendants, so that the worker can find and kill them. Only Linux can do
    this.
    """
    _prctl(_SUBREAPER, 1)


def die_with_parent(number: int) -> None:
    """Get a signal when the thread that started this process ends. Only Linux can do this."""
    _prctl(_END_WITH_PARENT, number)


def die_with(parent: int) -> None:
    """Be killed when the parent, which has this number, ends. A DAG file that kills the processes
    above it ends with them.
    """
    die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(request: int, value: int) -> None:
    function = _function("prctl")
    if function is not None:
        function(request, value, 0, 0, 0)


@functools.lru_cache(maxsize=None)
def _function(name: str) -> Callable[..., int] | None:
    """A function of the C library. It is looked up once, and forked processes inherit it."""
    try:
        import ctypes

        return getattr(ctypes.CDLL(None), name)
    except (ImportError, OSError, AttributeError):
        return None


def forbid_core_dumps() -> None:
    """Keep this process and its descendants from writing their memory to a file when they crash."""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    except (OSError, ValueError):
        return


def standing() -> tuple[object, ...]:
    """What other processes of this user can change of this one: its limits, its priority, its
    processors.
    """
    limits = [resource.getrlimit(limit) for limit in _LIMITS]
    priority = os.getpriority(os.PRIO_PROCESS, 0)
    if not hasattr(os, "sched_getaffinity"):  # macOS
        return limits, priority
    return limits, priority, os.sched_getscheduler(0), os.sched_getaffinity(0)


def kill_leftovers(keep: set[int]) -> int:
    """Kill all children of this process except ``keep``, and then the orphans of these children.
    Return the number of killed processes.

    It waits ``END_S`` for their end. A later call reaps those that take longer.
    """
    _ending.difference_update([pid for pid in _ending if has_ended(pid)])
    killed: set[int] = set()
    until = time.monotonic() + END_S
    while True:
        found = [pid for pid in children() if pid not in keep and pid not in _ending]
        if not found:
            break
        killed.update(found)
        # All of them at once: while one ends, the others may fork.
        for pid in found:
            send_signal(pid, signal.SIGKILL)
        if time.monotonic() >= until:
            _ending.update(found)
            break
        ended = [pid for pid in found if has_ended(pid)]
        if not ended:
            time.sleep(_MOMENT_S)
    return len(killed)


def has_ended(pid: int) -> bool:
    """Whether a child has ended. If so, reap it. True also for a process that is no child."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except OSError:
        return True


def has_children() -> bool:
    """Whether there are any; True where the kernel does not list them."""
    pid = os.getpid()
    try:
        descriptor = os.open("/proc/%d/task/%d/children" % (pid, pid), os.O_RDONLY)
    except OSError:
        return True
    try:
        return bool(os.read(descriptor, 1))
    finally:
        os.close(descriptor)


def let_trackers_end() -> None:
    """Wait until Python's own trackers among the children have ended: once their processes are gone
    they remove the shared memory and semaphores of these, and end by themselves.
    """
    until = time.monotonic() + _TRACKER_S
    while any(_TRACKER in _command(pid) for pid in children()) and time.monotonic() < until:
        time.sleep(_MOMENT_S)


def _command(pid: int) -> bytes:
    """The command line of a process; empty for one that has ended."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return file.read()
    except OSError:
        return b""


def children() -> list[int]:
    """The children of this process that its main thread started."""
    pid = os.getpid()
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), "rb") as file:
            return [int(text) for text in file.read().split()]
    except OSError:
        return []


def send_signal(pid: int, number: int, group: bool = False) -> None:
    """Send a signal to a process or to its group. Do nothing if there is none."""
    try:
        os.killpg(pid, number) if group else os.kill(pid, number)
    except OSError:
        return


def rss_kib(pid: int) -> int:
    """Resident memory of a process in KiB; 0 if unknown."""
    try:
        with open("/proc/%d/statm" % pid, "rb") as file:
            return int(file.read().split()[1]) * _PAGE_KIB
    except (OSError, IndexError, ValueError):
        return 0


def oom_kills() -> int:
    """How often the kernel killed for memory in this control group; 0 if unknown."""
    try:
        with open("/sys/fs/cgroup/memory.events") as file:
            for line in file:
                name, _, count = line.partition(" ")
                if name == "oom_kill":
                    return int(count)
    except (OSError, ValueError):
        pass
    return 0


def wait_for_end(pid: int, seconds: float) -> None:
    """Wait until a child has ended, at most ``seconds``. If the kernel has no process descriptors,
    wait only a moment.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):  # Python 3.8, macOS, old kernels, or a sandbox
        time.sleep(_MOMENT_S)
        return
    try:
        select.select([descriptor], [], [], max(0.0, seconds))
    finally:
        os.close(descriptor)
