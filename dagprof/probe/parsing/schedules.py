"""Asks the timetables of a file for their runs, after all clocks of the parse have stopped.

Timetables may be the user's own, so they run in a process of their own, which has little time. That
process sends one line for each DAG, so DAGs before a timetable that hangs are not lost.
"""

from __future__ import annotations

import os
import select
import signal
from typing import TYPE_CHECKING, Any, Callable

from .. import answering, bounds, faults
from ..system.clocks import perf_counter
from ..system.kernel import die_with
from ..versions import timetables
from . import serialised

if TYPE_CHECKING:
    from ..versions.shapes import Document

# The limit for all timetables of a file, in seconds, and the limit if the runs of ``catchup`` are
# counted, too.
LIMIT_S, LONG_LIMIT_S = 10.0, 30.0
# Bound before any DAG code can replace them.
_kill, _waitpid, _pipe, _read, _write = os.kill, os.waitpid, os.pipe, os.read, os.write
_close, _exit, _getpid, _open, _dup2 = os.close, os._exit, os.getpid, os.open, os.dup2
_poll, _dumps = select.poll, answering.dumps
_PIECE = 1 << 16


def rows(
    from_dict: Callable[[Document], Any],
    documents: dict[str, Document],
    since_s: int,
    *,
    counts_backlog: bool = False,
) -> bytes:
    """A list of ``ScheduleRow`` as JSON. DAGs without a row could not be examined in time."""
    try:
        read, write = _pipe()
    except OSError:
        return b"[]"
    parent = _getpid()
    try:
        pid = faults.fork()
    except faults.CannotFork:
        _close(read)
        _close(write)
        return b"[]"
    if pid == 0:
        try:
            die_with(parent)
            schedules = timetables.Schedules(from_dict, since_s, counts_backlog=counts_backlog)
            _write_rows(schedules, documents, write)
        finally:
            _exit(0)
    _close(write)
    data = _collected(read, LONG_LIMIT_S if counts_backlog else LIMIT_S)
    _close(read)
    _kill(pid, signal.SIGKILL)
    _waitpid(pid, 0)
    return b"[" + b",".join(data.split(b"\n")[:-1]) + b"]"


def _write_rows(
    schedules: timetables.Schedules, documents: dict[str, Document], write: int
) -> None:
    """Write one line for each DAG. What timetables print is not the output of the parse."""
    null = _open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        _dup2(null, descriptor)
    timetables.remember_times()
    for dag_id, document in documents.items():
        row = schedules.row(serialised.name_of(dag_id), document)
        data = memoryview(_dumps(row).encode("ascii") + b"\n")
        while data:
            data = data[_write(write, data) :]


def _collected(read: int, limit_s: float) -> bytes:
    """What the other process writes until it ends, or until the limit."""
    found = bytearray()
    until = perf_counter() + limit_s
    poll = _poll()
    poll.register(read, select.POLLIN)
    while len(found) <= bounds.ANSWER_BYTES // 2:
        left_s = until - perf_counter()
        if left_s <= 0 or not poll.poll(left_s * 1000):
            break
        piece = _read(read, _PIECE)
        if not piece:
            break
        found += piece
    return bytes(found)
