"""Asks the user's own backends for Variables and Connections, and takes the time. No value leaves
this process and its children.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from time import perf_counter
from typing import Any, Sequence

from .. import faults
from ..system.kernel import die_with_parent


def ask(output: str) -> None:
    """Read pairs of kind and key from the standard input, as JSON. Write a row for each into the
    file ``output``: kind, key, milliseconds, the error if the backends raised one, and whether the
    lookup was the first one of its process.

    A DAG processor forks each parse, so the first lookup of a parse connects to the backend. The
    lookups of each kind therefore have a process of their own. A single key is asked for twice.
    """
    pairs = json.load(sys.stdin)
    backends = _backends()
    rows = []
    for kind in ("variable", "connection"):
        keys = [key for found, key in pairs if found == kind]
        if keys:
            rows += _in_a_fork(backends, kind, keys if keys[1:] else 2 * keys)
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


def _in_a_fork(backends: Sequence[Any], kind: str, keys: Sequence[str]) -> list[list[Any]]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reading)
            die_with_parent(signal.SIGKILL)
            _drop_inherited_connections()
            rows = [_row(backends, kind, key) + [not place] for place, key in enumerate(keys)]
            with open(writing, "w") as stream:
                json.dump(rows, stream)
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    found: list[list[Any]] = json.loads(text)
    return found


def _drop_inherited_connections() -> None:
    """As Airflow 2 does in each parsing process. Airflow 3 asks no database here."""
    from airflow import settings

    engine = getattr(settings, "engine", None)
    if engine is not None:
        engine.dispose()


def _row(backends: Sequence[Any], kind: str, key: str) -> list[Any]:
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
        return backend.get_connection(key) is not None, ""
    except Exception as error:
        return False, faults.one_line(error)
