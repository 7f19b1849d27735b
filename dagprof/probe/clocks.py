"""The clocks of the probe, out of reach of the code that it measures.

Libraries that stop the time for tests put their own functions into ``time`` and into every loaded
module that holds one of the real ones. What stands here is none of these: the ``__call__`` of each,
a few nanoseconds slower, under the same name.
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
