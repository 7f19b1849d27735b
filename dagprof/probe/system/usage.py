"""Reads from the kernel what this process uses: memory, the CPU time of children, and the wait for
a processor.
"""

from __future__ import annotations

import os
import resource

# Bound before any DAG code can replace it.
_open = open
_PAGE_KIB = resource.getpagesize() // 1024


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


def within_ms(queued: float, wall: float, cpu: float) -> float:
    """Limit the wait for a processor to its possible share of ``wall``, of which the same thread
    computed ``cpu``; all in ms.

    On a busy machine the kernel also adds waits that began earlier.
    """
    return max(0.0, min(queued, wall - cpu))


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
