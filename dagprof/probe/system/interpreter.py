"""Settings of the interpreter that DAG code may leave behind. They would slow down or break the
report about the parse.
"""

from __future__ import annotations

import signal
import sys

# Bound before any DAG code can replace them.
_settrace, _setprofile, _setitimer = sys.settrace, sys.setprofile, signal.setitimer
_get_recursion, _set_recursion = sys.getrecursionlimit, sys.setrecursionlimit
_get_interval, _set_interval = sys.getswitchinterval, sys.setswitchinterval
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


class Interpreter:
    """The settings at the time of construction."""

    def __init__(self) -> None:
        self._recursion, self._interval = _get_recursion(), _get_interval()

    def restore(self, *, keeps_profiler: bool = False) -> None:
        """Stop tracing, profiling and timers. Undo a lower recursion limit, and shorter turns of
        threads.
        """
        try:
            _settrace(None)
            if not keeps_profiler:
                _setprofile(None)
        except Exception:  # an audit hook of the user's
            pass
        for timer in _TIMERS:
            _setitimer(timer, 0)
        if _get_recursion() < self._recursion:
            _set_recursion(self._recursion)
        if _get_interval() < self._interval:
            _set_interval(self._interval)
