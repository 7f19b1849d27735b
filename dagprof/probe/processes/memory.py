"""The memory of a parse: the process that parses, and all processes that it has started.

A process that is forked from a parse begins with all of Airflow's pages and has no pages of its
own. Its resident memory counts these pages too, so the sum over such processes is too large.
dagprof computes the sum first because it is cheap: if the sum is below the limit, so is the parse.
Otherwise dagprof adds up proportional set sizes, in which Linux divides each page by the number of
processes that share it. That takes milliseconds for each process.
"""

from __future__ import annotations

import os
from time import monotonic
from typing import Iterator

from ..system.kernel import rss_kib

# Seconds between two measurements, the share of one processor that they may take, and the limit of
# one measurement. A process that it does not reach counts like the smallest one, if it has reached
# at least _ENOUGH.
_POLL_S, _SHARE, _LOOK_S, _ENOUGH = 0.05, 0.1, 0.2, 10


class TreeMemory:
    """Compares the memory of a child and its descendants with ``limit_kib``. None is no limit."""

    def __init__(self, pid: int, limit_kib: int | None) -> None:
        self._pid, self._limit_kib = pid, limit_kib
        self._next_look = 0.0

    def is_over(self) -> bool:
        """Whether they take more. Between two measurements the answer is False."""
        if self._limit_kib is None:
            return False
        began = monotonic()
        if began < self._next_look:
            return False
        is_over = rss_kib(self._pid) > self._limit_kib or _is_tree_over(
            self._limit_kib, began + _LOOK_S
        )
        took = monotonic() - began
        self._next_look = began + max(_POLL_S, took / _SHARE)
        return is_over


def _is_tree_over(limit_kib: int, until: float) -> bool:
    """The same for all processes below this one. This process inherits orphans, so they are its
    children.
    """
    rss = {pid: rss_kib(pid) for pid in _descendants(os.getpid(), until)}
    if len(rss) < 2 or sum(rss.values()) <= limit_kib:
        return False
    return _proportional_kib(rss, limit_kib, until) > limit_kib


def _descendants(pid: int, until: float) -> Iterator[int]:
    """The processes below a process. There are none if the kernel does not list them."""
    waiting = [pid]
    while waiting and monotonic() < until:
        children = _children_of(waiting.pop())
        waiting += children
        yield from children


def _children_of(pid: int) -> list[int]:
    """The children of a process. The kernel lists them by the thread that has started them."""
    folder = "/proc/%d/task" % pid
    found: list[int] = []
    try:
        threads = os.listdir(folder)
    except OSError:  # it has ended
        return found
    for thread in threads:
        try:
            with open("%s/%s/children" % (folder, thread), "rb") as file:
                found += map(int, file.read().split())
        except OSError:
            continue
    return found


def _proportional_kib(rss: dict[int, int], most_kib: int, until: float) -> int:
    """The sum over these processes, from the largest one. It ends early beyond ``most_kib``."""
    total = smallest = 0
    largest_first = sorted(rss, key=lambda pid: -rss[pid])
    for number, pid in enumerate(largest_first):
        if total > most_kib:
            break
        if monotonic() >= until:
            return total + (smallest * (len(rss) - number) if number >= _ENOUGH else 0)
        kib = _pss_kib(pid)
        total += kib
        smallest = min(smallest or kib, kib)
    return total


def _pss_kib(pid: int) -> int:
    """The proportional set size of a process, or its resident memory if the kernel does not report
    that.
    """
    try:
        with open("/proc/%d/smaps_rollup" % pid, "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1])
    except (OSError, ValueError, IndexError):  # an old kernel, or the process hides it or has ended
        return rss_kib(pid)
    return 0
