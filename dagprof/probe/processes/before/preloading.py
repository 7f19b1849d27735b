"""Imports modules in a worker before it parses, as the DAG processor would do if
``airflow_local_settings.py`` imported them. All parses of this worker then find them loaded.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from time import perf_counter
from typing import TYPE_CHECKING, Sequence

from ... import bounds, faults
from ...system import mapped
from ...system.kernel import children

if TYPE_CHECKING:
    from ...protocol.rows import TextRow
    from ...protocol.worker import Preloaded
    from ...start.collector import Collector

# Threads of libraries that prepare for forks themselves: jemalloc, which comes with pyarrow.
_FORK_SAFE = ("jemalloc_bg_thd",)


def preload(names: Sequence[str], collector: Collector) -> Preloaded:
    """Import the modules, and settle the collector as the DAG processor's manager does.

    ``failed`` has the modules that cannot be imported, each with its error. ``loaded`` are the
    names of all modules that came with them. ``threads`` and ``sockets`` count what the imports
    left behind: a fork does not get the threads, and shares the sockets. Threads that end before
    each fork do not count: OpenBLAS, which comes with numpy, ends its threads and starts them
    again.
    """
    before, known, memory = open_things(), set(sys.modules), mapped.kib()
    failed: list[TextRow] = []
    started = perf_counter()
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException as error:
            failed.append([name, faults.one_line(error)])
    wall_ms = (perf_counter() - started) * 1000
    threads, sockets, processes = (now - then for now, then in zip(open_things(), before))
    collector.settle_preloaded()
    loaded = [
        bounds.cut(bounds.plain(name), bounds.NAME) for name in sys.modules if name not in known
    ]
    return {
        "wall_ms": wall_ms,
        "rss_kib": mapped.grown_kib(memory),
        "loaded": sorted(loaded)[: bounds.LOADS],
        "failed": failed,
        "threads": max(0, threads),
        "sockets": max(0, sockets),
        "processes": max(0, processes),
    }


def open_things() -> tuple[int, int, int]:
    """The numbers of threads, of sockets and of children of this process, after a fork. Threads
    of ``_FORK_SAFE`` do not count.
    """
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    tasks = _listed("/proc/self/task")
    running = sum(_name_of_thread(task) not in _FORK_SAFE for task in tasks)
    threads = max(running, threading.active_count())
    sockets = sum(_target(name).startswith("socket:") for name in _listed("/proc/self/fd"))
    return threads, sockets, len(children())


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _name_of_thread(task: str) -> str:
    try:
        with open("/proc/self/task/%s/comm" % task, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _target(name: str) -> str:
    try:
        return os.readlink("/proc/self/fd/" + name)
    except OSError:
        return ""
