"""The clocks of the probe. The measured code cannot change them.

Libraries that stop the time for tests replace the functions of ``time``, also in every loaded
module that holds a real one. The names here hold the ``__call__`` of each function instead. These
libraries do not recognise them, and they are only a few nanoseconds slower.
"""

from __future__ import annotations

import time
from typing import Any, Callable


def _kept(function: Any) -> Any:
    return function.__call__


perf_counter: Callable[[], float] = _kept(time.perf_counter)
perf_counter_ns: Callable[[], int] = _kept(time.perf_counter_ns)
process_time: Callable[[], float] = _kept(time.process_time)
process_time_ns: Callable[[], int] = _kept(time.process_time_ns)
thread_time: Callable[[], float] = _kept(time.thread_time)
