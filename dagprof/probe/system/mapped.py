"""The memory of this process by mapped file, from the kernel."""

from __future__ import annotations

from typing import Dict

# Resident KiB by file; the empty name stands for anonymous memory.
Mapped = Dict[str, int]


def kib() -> Mapped:
    """The resident memory; empty if the kernel does not have it."""
    found: Mapped = {}
    resident = 0
    name = ""
    try:
        with open("/proc/self/smaps", "rb") as file:
            for line in file:
                words = line.split()
                if b"-" in words[0]:
                    name = words[5].decode("utf-8", "replace") if len(words) > 5 else ""
                elif words[0] == b"Rss:":
                    resident = int(words[1])
                elif words[0] == b"Anonymous:":
                    anonymous = int(words[1])
                    found[""] = found.get("", 0) + anonymous
                    found[name] = found.get(name, 0) + resident - anonymous
    except (OSError, ValueError, IndexError):
        return {}
    return found


def grown_kib(before: Mapped) -> int:
    """The anonymous memory since ``before``, and the memory of files that were not mapped then.

    A fork maps the files of its parent, but has none of their pages at first. So the pages of files
    that were mapped before do not count.
    """
    now = kib()
    files = sum(size for name, size in now.items() if name and name not in before)
    return max(0, now.get("", 0) - before.get("", 0)) + files
