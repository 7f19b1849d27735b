"""Answers top-level Variable and Connection look-ups without a database, and writes down each one.

In order: the environment (``AIRFLOW_VAR_…``, ``AIRFLOW_CONN_…``), the files given to dagprof, the default in the code,
else a stub (or Airflow's own error, when that was asked for). Writes are ignored.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from . import origin

# Reads as text, as a number, as a truth value and as JSON.
STUB_TEXT = "1"
STUB_CONNECTION = {"conn_type": "generic", "host": "dagprof-stub.invalid", "login": "stub", "password": "stub"}
_NOT_GIVEN = object()


class StubMapping(dict):  # type: ignore[type-arg]
    """Stands for an unknown JSON Variable: empty, yet answers every key."""

    def __missing__(self, key: Any) -> str:
        return STUB_TEXT


class Answers:
    """The values to answer with and the record of what was asked."""

    def __init__(self, variables: dict[Any, Any], connections: dict[Any, Any], missing: str) -> None:
        self._variables = variables
        self._connections = connections
        self._stubs = missing != "error"
        self._asked: dict[Any, Any] = {}

    def record(self, kind: str, key: str, operation: str, answered_by: str) -> None:
        file, line = origin.user_location(sys._getframe(1))
        asked = (kind, str(key), operation, answered_by, file, line)
        self._asked[asked] = self._asked.get(asked, 0) + 1

    def accesses(self) -> list[Any]:
        """Rows of kind, key, operation, who answered, file, line, count."""
        return [[*asked, count] for asked, count in self._asked.items()]

    def find(self, kind: str, key: str) -> tuple[Any, ...]:
        """``(text, who answered)``; the text is None when neither environment nor files know the key."""
        prefix, known = (
            ("AIRFLOW_VAR_", self._variables) if kind == "variable" else ("AIRFLOW_CONN_", self._connections)
        )
        from_environment = os.environ.get(prefix + str(key).upper())
        if from_environment is not None:
            return from_environment, "environment"
        if key in known:
            value = known[key]
            return value if isinstance(value, str) else json.dumps(value), "file"
        return None, "stub" if self._stubs else "missing"


def install(api: Any, answers: Answers) -> None:
    """Put the answers into Airflow's own classes, in this process and those forked from it."""
    for cls in api.variable_classes():
        cls.get = classmethod(_variable_get(api, answers))
        for operation in ("set", "update", "delete"):
            if hasattr(cls, operation):
                setattr(cls, operation, classmethod(_ignored_write(answers, operation)))
    for cls in api.connection_classes():
        name = "get" if cls.__module__.startswith("airflow.sdk") else "get_connection_from_secrets"
        setattr(cls, name, classmethod(_connection_get(api, answers)))


def _variable_get(api: Any, answers: Answers) -> Any:
    def get(cls: Any, key: str, *args: Any, **kwargs: Any) -> Any:
        default = args[0] if args else kwargs.get("default_var", kwargs.get("default", _NOT_GIVEN))
        as_json = args[1] if len(args) > 1 else kwargs.get("deserialize_json", False)
        text, answered_by = answers.find("variable", key)
        if text is None and default is not _NOT_GIVEN:
            answers.record("variable", key, "get", "default")
            return default
        answers.record("variable", key, "get", answered_by)
        if text is not None:
            return json.loads(text) if as_json else text
        if answered_by == "missing":
            raise api.variable_not_found(cls, key)
        return StubMapping() if as_json else STUB_TEXT

    return get


def _ignored_write(answers: Answers, operation: str) -> Any:
    def write(cls: Any, key: str, *args: Any, **kwargs: Any) -> None:
        answers.record("variable", key, operation, "ignored")

    return write


def _connection_get(api: Any, answers: Answers) -> Any:
    def get(cls: Any, conn_id: str, *args: Any, **kwargs: Any) -> Any:
        text, answered_by = answers.find("connection", conn_id)
        answers.record("connection", conn_id, "get", answered_by)
        if answered_by == "missing":
            raise api.connection_not_found(conn_id)
        return api.build_connection(cls, conn_id, json.dumps(STUB_CONNECTION) if text is None else text)

    return get
