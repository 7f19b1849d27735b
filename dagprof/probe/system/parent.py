"""Ends the zygote when dagprof dies or asks for it, also while the zygote imports Airflow.

An end of file tells the zygote that dagprof is gone. But the zygote does not read while it imports
Airflow or waits for a child, which can take many seconds. So the kernel also sends it a signal.
"""

from __future__ import annotations

import os
import signal
from typing import Callable

from .kernel import die_with_parent

# A signal that nobody else uses. ``dagprof/link/processes/launching.py`` sends the same one.
_NUMBER = getattr(signal, "SIGRTMIN", 0) + 9


def watch(clean_up: Callable[[], object]) -> None:
    """Run ``clean_up`` and end this process when that signal comes (Linux)."""
    process = os.getpid()

    def end(number: int, frame: object) -> None:
        if os.getpid() == process:
            clean_up()
        os._exit(1)

    if hasattr(signal, "SIGRTMIN"):
        signal.signal(_NUMBER, end)
        die_with_parent(_NUMBER)


def forget() -> None:
    """Take the handler away: a process that parses has none in Airflow."""
    if hasattr(signal, "SIGRTMIN"):
        signal.signal(_NUMBER, signal.SIG_DFL)
