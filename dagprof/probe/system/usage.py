"""Reads from the kernel what this process uses: memory, the CPU time of children, and the wait for
a processor.
"""

from __future__ import annotations

import os
import resource
from typing import NamedTuple

from .clocks import perf_counter, process_time, thread_time

# Bound before any DAG code can replace it.
_open = open
_PAGE_KIB = resource.getpagesize() // 1024
# How often to read the clocks again if reading took longer. One reading takes about 20 us.
_READINGS, _TOGETHER_S = 10, 0.0005


def rss_kib() -> int:
    """Resident memory of this process in KiB; 0 if /proc does not have it."""
    try:
        with _open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE_KIB
    except Exception:  # also what an audit hook of the user raises
        return 0


def queued_ms() -> float:
    """How long this thread has waited for a processor that others used; 0.0 if the kernel does not
    have it.
    """
    try:
        with _open("/proc/self/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e6
    except Exception:  # also what an audit hook of the user raises
        return 0.0


class Instant(NamedTuple):
    """Several clocks, read at the same time. The first three are in s."""

    wall: float
    cpu: float
    thread_cpu: float
    queued_ms: float


class Elapsed(NamedTuple):
    """What passed between two instants, in ms. ``queued_ms`` is the wait for a CPU."""

    wall_ms: float
    cpu_ms: float
    queued_ms: float


def now() -> Instant:
    """Read all clocks. If the thread loses its CPU in between, they show different moments: a wait
    would count as part of a time that it is not in. So dagprof reads them again.
    """
    instant = _read()
    for _ in range(_READINGS):
        if perf_counter() - instant.wall < _TOGETHER_S:
            break
        before, instant = instant, _read()
        if instant.queued_ms == before.queued_ms:  # slow to read, but without a wait
            break
    return instant


def _read() -> Instant:
    return Instant(perf_counter(), process_time(), thread_time(), queued_ms())


def between(first: Instant, last: Instant) -> Elapsed:
    """What passed from one instant to another in the same thread.

    The wait for a CPU is limited to its possible share of the wall time. On a busy machine, the
    kernel also adds waits that began earlier.
    """
    wall_ms = (last.wall - first.wall) * 1000
    longest_ms = wall_ms - (last.thread_cpu - first.thread_cpu) * 1000
    return Elapsed(
        wall_ms=wall_ms,
        cpu_ms=(last.cpu - first.cpu) * 1000,
        queued_ms=max(0.0, min(last.queued_ms - first.queued_ms, longest_ms)),
    )


def children_cpu_ms() -> float:
    """CPU time in ms of this process's children that have ended and were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1000


class AnonymousMemory:
    """Anonymous memory of this process in KiB: memory of its own objects, without mapped files.

    ``open`` opens the file once, because dagprof reads it before and after each of the user's
    imports. The value stays 0 if /proc does not have it.
    """

    def __init__(self) -> None:
        self.descriptor = -1

    def open(self) -> None:
        try:
            self.descriptor = os.open("/proc/self/statm", os.O_RDONLY)
        except OSError:
            self.descriptor = -1

    def kib(self) -> int:
        if self.descriptor < 0:
            return 0
        try:
            resident, shared = os.pread(self.descriptor, 100, 0).split()[1:3]
            return (int(resident) - int(shared)) * _PAGE_KIB
        except (OSError, ValueError):
            # DAG code has closed descriptors that it did not open, and the number may belong to
            # another file now.
            self.descriptor = -1
            return 0

    def grown_kib(self, before_kib: int) -> int:
        """The growth since ``before_kib``; 0 if the file cannot be read any more."""
        now_kib = self.kib()
        return now_kib - before_kib if self.descriptor >= 0 else 0
