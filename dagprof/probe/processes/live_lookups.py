"""Asks the user's own backends for Variables and Connections, and takes the time. No value leaves
this process and its children.
"""

from __future__ import annotations

import json
import signal
import sys
from functools import partial
from time import perf_counter
from typing import Any, Callable, Sequence

from .. import faults
from ..system.kernel import die_with_parent
from . import beside

_KINDS = ("variable", "connection")
_DATABASE = "MetastoreBackend"
_OWN = ("EnvironmentVariablesBackend", _DATABASE)
# The number of processes, and of lookups in each of them: the first ones are slower than the next
# ones. Secrets backends may cost money, so they get fewer lookups than Airflow's own database.
_PROCESSES, _FEWEST = 1, 6
_OF_DATABASE = 3, 25
Lookup = Callable[[str], "tuple[bool, str]"]


def ask(output: str) -> None:
    """Read pairs of kind and key from the standard input, as JSON. Write a row for each lookup into
    the file ``output``: kind, key, milliseconds, the error if the backends raised one, and whether
    the lookup was the first one of its process.

    A DAG processor forks each parse, so the first lookup of a parse connects to the backend. The
    lookups of each kind therefore have processes of their own.
    """
    pairs = json.load(sys.stdin)
    backends = _backends()
    lookups, (processes, fewest) = _through(backends), (_PROCESSES, _FEWEST)
    if _is_airflow_2() and all(type(backend).__name__ in _OWN for backend in backends):
        lookups, (processes, fewest) = _of_airflow(), _OF_DATABASE
        for kind in _KINDS:  # a manager has used its database before it forks
            lookups[kind]("dagprof_no_such_key")
    rows = []
    for kind in _KINDS:
        keys = [key for of, key in pairs if of == kind]
        keys += keys[:1] * (fewest - len(keys))
        for _ in range(processes if keys else 0):
            found = beside.answer(partial(_in_a_parse, lookups[kind], kind, keys))
            if "failed" in found:
                raise RuntimeError(found["failed"])
            rows += found["rows"]
    with open(output, "w") as stream:
        json.dump(rows, stream)


def _is_airflow_2() -> bool:
    from airflow.version import version

    return bool(version.startswith("2."))


def _backends() -> list[Any]:
    """The backends in the order in which Airflow asks them. In Airflow 3 without its database,
    because a parsing process asks the supervisor instead.
    """
    from airflow.configuration import ensure_secrets_loaded

    found = list(ensure_secrets_loaded())
    if _is_airflow_2():
        return found
    return [each for each in found if type(each).__name__ != _DATABASE]


def _through(backends: Sequence[Any]) -> dict[str, Lookup]:
    """Functions that ask one backend after the other, and return whether one has a value, and its
    error. Airflow's own functions hide the errors.
    """

    def through(ask_one: Callable[[Any, str], Any]) -> Lookup:
        def lookup(key: str) -> tuple[bool, str]:
            for backend in backends:
                try:
                    if ask_one(backend, key) is not None:
                        return True, ""
                except Exception as error:
                    return False, faults.one_line(error)
            return False, ""

        return lookup

    return {
        "variable": through(lambda backend, key: backend.get_variable(key)),
        "connection": through(lambda backend, key: backend.get_connection(key)),
    }


def _of_airflow() -> dict[str, Lookup]:
    """Airflow 2's own functions, which also log, decrypt and mask."""
    from airflow.hooks.base import BaseHook
    from airflow.models import Variable

    def variable(key: str) -> tuple[bool, str]:
        return Variable.get(key, default_var=None) is not None, ""

    def connection(key: str) -> tuple[bool, str]:
        try:
            return BaseHook.get_connection(key) is not None, ""
        except Exception as error:  # there is none, or the database does not answer
            is_missing = type(error).__name__ == "AirflowNotFoundException"
            return False, "" if is_missing else faults.one_line(error)

    return {"variable": variable, "connection": connection}


def _in_a_parse(lookup: Lookup, kind: str, keys: Sequence[str]) -> dict[str, object]:
    die_with_parent(signal.SIGKILL)
    _drop_inherited_connections()
    return {"rows": [[*_row(lookup, kind, key), not place] for place, key in enumerate(keys)]}


def _drop_inherited_connections() -> None:
    """As Airflow 2 does in each parsing process. Airflow 3 asks no database here."""
    from airflow import settings

    engine = getattr(settings, "engine", None)
    if engine is not None:
        engine.dispose()


def _row(lookup: Lookup, kind: str, key: str) -> list[Any]:
    started = perf_counter()
    _, error = lookup(key)
    return [kind, key, (perf_counter() - started) * 1000, error]
