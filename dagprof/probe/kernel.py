"""Asks the system about the worker's children: their processes, their memory, and their end."""

from __future__ import annotations

import os
import resource
import select
import signal
import time

_MOMENT_S = 0.0005
# The limit of waiting for killed processes. Many processes, or much memory, take a while. A process
# that hangs inside the kernel does not end.
END_S = 0.6
# Processes that were killed and counted, and have not ended yet.
_ending: set[int] = set()
_PAGE_KIB = resource.getpagesize() // 1024
_LIMITS = [value for name, value in sorted(vars(resource).items()) if name.startswith("RLIMIT_")]


def become_subreaper() -> None:
    """Inherit orphaned descendants, so that the worker can find and kill them. Only Linux can do
    this.
    """
    _prctl(36, 1)


def die_with_parent(number: int) -> None:
    """Get a signal when the thread that started this process ends. Only Linux can do this."""
    _prctl(1, number)


def _prctl(request: int, value: int) -> None:
    try:
        import ctypes

        ctypes.CDLL(None).prctl(request, value, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return


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
        found = [pid for pid in _children() if pid not in keep and pid not in _ending]
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


def _children() -> list[int]:
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
