"""Run ``dagprof scan`` and write down what it leaves running, and how long each parse kept dagprof waiting.

python bench/watched_scan.py RECORD LIMIT_S ARGUMENT...

This process inherits every orphan of the scan, so what is still there when the scan has ended was
left behind. RECORD becomes a JSON object: ``exit_code`` (None after LIMIT_S seconds), ``took_s``,
``left`` (command lines) and ``waits_s`` (one for each parse).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# What ends may take this long.
_GRACE_S = 1.0
_CHILD_SUBREAPER = 36


def _scan(arguments: list[str], waits: int) -> None:
    """Become ``dagprof ARGUMENT...`` of this checkout, with a clock around each answer of a worker."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from dagprof import cli
    from dagprof.link.processes.zygote import Conversation
    from dagprof.measure import crew  # noqa: F401 - whose conversations may be of a class of their own

    for cls in (Conversation, *Conversation.__subclasses__()):
        if "reply" in vars(cls):
            cls.reply = _timed(cls.reply, waits)  # type: ignore[method-assign]
    sys.argv = ["dagprof", *arguments]
    cli.run()


def _timed(ordinary: Callable[..., Any], waits: int) -> Callable[..., Any]:
    def timed(*facts: Any) -> Any:
        began = time.monotonic()
        try:
            return ordinary(*facts)
        finally:
            os.write(waits, b"%.3f\n" % (time.monotonic() - began))

    return timed


def _children() -> list[int]:
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return [int(pid) for pid in text.split()]


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        return words.decode(errors="replace")[:200] or Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "gone"


def _wait(pid: int, limit_s: float) -> int | None:
    """The exit code of the scan, while orphans are reaped; None at the limit."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        found, status = os.waitpid(-1, os.WNOHANG)
        if found == pid:
            return os.waitstatus_to_exitcode(status)
        if not found:
            time.sleep(0.02)
    return None


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _left() -> list[str]:
    """End what is left, with what it leaves; the command lines."""
    deadline = time.monotonic() + _GRACE_S
    while _children() and time.monotonic() < deadline:
        _reap()
        time.sleep(0.02)
    found: list[str] = []
    while pids := _children():
        for pid in pids:
            found.append(_command(pid))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
    return found[:50]


def main() -> None:
    record, limit_s, *arguments = sys.argv[1:]
    ctypes.CDLL(None).prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)
    waits = os.memfd_create("waits")
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _scan(arguments, waits)
        os._exit(0)
    code = _wait(pid, float(limit_s))
    took = time.monotonic() - began
    left = [] if code is None else _left()
    if code is None:
        os.kill(pid, signal.SIGKILL)
        _left()
    text = os.pread(waits, 1 << 26, 0).decode()
    facts = {
        "exit_code": code,
        "took_s": round(took, 2),
        "left": left,
        "waits_s": [float(line) for line in text.split()],
    }
    Path(record).write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
