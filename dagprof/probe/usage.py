"""What this process takes, by what the kernel says of it: memory, the CPU time of children,
waiting for a processor.
"""

from __future__ import annotations

import os
import resource

_PAGE_KIB = resource.getpagesize() // 1024


def rss_kib() -> int:
    """Resident memory of this process in KiB; 0 where /proc does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE_KIB
    except (OSError, IndexError, ValueError):
        return 0


def queued_ms() -> float:
    """How long this thread has waited for a processor that others used; 0.0 where the kernel
    does not say.
    """
    try:
        with open("/proc/self/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e6
    except (OSError, IndexError, ValueError):
        return 0.0


def within_ms(queued: float, wall: float, cpu: float) -> float:
    """The wait for a processor as far as it was part of ``wall``, of which the same thread computed
    ``cpu``; all in ms.

    On a busy machine the kernel counts up what began before.
    """
    return min(queued, max(0.0, wall - cpu))


def children_cpu_ms() -> float:
    """CPU time of the children of this process that have ended and were waited for, in ms."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1000


class AnonymousMemory:
    """Anonymous memory of this process in KiB: what its own objects take, without files mapped into
    it.

    ``open`` once, because it is read before and after each import of the user's; it stays at 0
    where /proc does not say.
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
            # DAG code has closed descriptors that it does not know, and something else may have
            # taken the number.
            self.descriptor = -1
            return 0

    def grown_kib(self, before_kib: int) -> int:
        """How much more it is than ``before_kib``; 0 where it cannot be read any more."""
        now_kib = self.kib()
        return now_kib - before_kib if self.descriptor >= 0 else 0
