"""Sentences about what a breach costs."""

from __future__ import annotations

from dagprof.practices.subject import Subject
from dagprof.quantities import count, duration

_HOUR_MS = 3_600_000.0


def in_loops(subject: Subject, ms: float, files: int = 1) -> str:
    """What ``ms`` of each parse loop cost in one day."""
    a_day = ms * subject.loops_per_day
    day = f"{a_day / _HOUR_MS:.1f} h" if a_day >= _HOUR_MS else duration(a_day)
    where = f" in {count(files, 'file')}" if files > 1 else ""
    return f"It costs {duration(ms)}{where} in each parse loop, and {day} a day."
