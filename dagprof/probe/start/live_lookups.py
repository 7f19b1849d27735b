"""Asks the user's own backends for Variables and Connections, and takes the time. No value leaves
this process.
"""

from __future__ import annotations

import json
import sys
from time import perf_counter
from typing import Any

from .. import faults


def ask(output: str) -> None:
    """Read pairs of kind and key from the standard input, as JSON. Write a row for each into the
    file ``output``: kind, key, milliseconds, and the error if the backends raised one.
    """
    pairs = json.load(sys.stdin)
    backends = _backends()
    for backend in backends:  # the first request of a backend connects
        _timed(backend, "variable", "dagprof_no_such_key")
    rows = [_row(backends, kind, key) for kind, key in pairs]
    with open(output, "w") as stream:
        json.dump(rows, stream)


def _backends() -> list[Any]:
    """The backends in the order in which Airflow asks them. In Airflow 3 without its database,
    because a parsing process asks the supervisor instead.
    """
    from airflow.configuration import ensure_secrets_loaded
    from airflow.version import version

    found = list(ensure_secrets_loaded())
    if version.startswith("2."):
        return found
    return [each for each in found if type(each).__name__ != "MetastoreBackend"]


def _row(backends: list[Any], kind: str, key: str) -> list[Any]:
    started = perf_counter()
    error = ""
    for backend in backends:
        found, error = _timed(backend, kind, key)
        if found or error:
            break
    return [kind, key, (perf_counter() - started) * 1000, error]


def _timed(backend: Any, kind: str, key: str) -> tuple[bool, str]:
    """Whether a backend has a value, and its error."""
    try:
        if kind == "variable":
            return backend.get_variable(key) is not None, ""
        return backend.get_conn_value(key) is not None, ""
    except Exception as error:
        return False, faults.one_line(error)
