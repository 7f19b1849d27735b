"""Runs a function in a fork, so that what it imports and changes does not stay in this process."""

from __future__ import annotations

import json
import os
from typing import Any, Callable, Mapping

from .. import faults


def answer(function: Callable[[], Mapping[str, object]]) -> Any:
    """Run ``function`` in a fork, and return its answer."""
    return started(function)()


def started(function: Callable[[], Mapping[str, object]]) -> Callable[[], Any]:
    """Start ``function`` in a fork. Return a function that waits for its answer."""
    read, write = os.pipe()
    pid = faults.fork()
    if pid == 0:
        try:
            os.close(read)
            try:
                found = function()
            except BaseException as error:
                found = {"failed": faults.one_line(error)}
            with os.fdopen(write, "wb") as stream:
                stream.write(json.dumps(found).encode("ascii"))
        finally:
            os._exit(0)
    os.close(write)

    def wait() -> Any:
        with os.fdopen(read, "rb") as stream:
            data = stream.read()
        os.waitpid(pid, 0)
        if not data:
            return {"failed": "a process of dagprof died"}
        try:
            sent = json.loads(data)
        except (ValueError, RecursionError):  # the user's code runs there too
            sent = None
        return (
            sent if isinstance(sent, dict) else {"failed": "a process of dagprof sent invalid data"}
        )

    return wait
