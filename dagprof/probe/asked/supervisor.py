"""Replaces the process that supervises a parsing process of Airflow 3.0 to 3.3 and answers its
messages.

This code follows the sources of 3.0.6 and 3.3.2.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .answers import Answers

if TYPE_CHECKING:
    from typing import Protocol

    from ..protocol.rows import Json

    class SupervisorMessage(Protocol):
        """A message of Airflow's. Each kind of message has some of these fields."""

        key: str
        value: str | None
        conn_id: str
        prefix: str | None
        offset: int
        limit: int


_FIELDS = ("conn_type", "description", "host", "schema", "login", "password", "port", "extra")


def build(cls: Any, conn_id: str, found: str | dict[str, Json]) -> object:
    """Build a Connection from its fields, its JSON form or its URI.

    For an unreadable Connection, dagprof also writes to standard error, because Airflow goes on
    silently.
    """
    try:
        if isinstance(found, dict):
            return cls(conn_id=conn_id, **found)
        if found.strip().startswith("{"):
            return cls.from_json(found, conn_id=conn_id)
        return (
            cls.from_uri(found, conn_id=conn_id)
            if hasattr(cls, "from_uri")
            else cls(conn_id=conn_id, uri=found)
        )
    except Exception as error:
        problem = "%s: %s" % (type(error).__name__, error)
        sys.stderr.write("dagprof: Cannot read the Connection %r (%s)\n" % (conn_id, problem))
        raise


class Supervisor:
    """Answers the messages of a parsing process of Airflow 3."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def send(self, message: object) -> object:
        handler = getattr(self, "_" + type(message).__name__, None)
        if handler is None:
            raise self._refused()
        return handler(message)

    async def asend(self, message: object) -> object:
        return self.send(message)

    def _refused(self) -> Exception:
        from airflow.sdk.exceptions import AirflowRuntimeError
        from airflow.sdk.execution_time.comms import ErrorResponse

        return AirflowRuntimeError(
            ErrorResponse(detail={"status_code": 400, "message": "Unhandled request"})
        )

    @staticmethod
    def _not_found(kind: str, detail: dict[str, str]) -> object:
        from airflow.sdk.exceptions import ErrorType
        from airflow.sdk.execution_time.comms import ErrorResponse

        return ErrorResponse(error=getattr(ErrorType, kind), detail=detail)

    def _GetVariable(self, message: SupervisorMessage) -> object:  # noqa: N802 - named as the message is
        from airflow.sdk.execution_time.comms import VariableResult

        text = self._answers.variable(message.key)
        if text is None:
            return self._not_found("VARIABLE_NOT_FOUND", {"key": message.key})
        return VariableResult(key=message.key, value=text)

    def _GetConnection(self, message: SupervisorMessage) -> object:  # noqa: N802
        from airflow.sdk.execution_time.comms import ConnectionResult

        found = self._answers.connection(message.conn_id)
        if found is None:
            return self._not_found("CONNECTION_NOT_FOUND", {"conn_id": message.conn_id})
        known = {field.alias or name for name, field in ConnectionResult.model_fields.items()}
        fields = {
            name: value for name, value in _fields(message.conn_id, found).items() if name in known
        }
        return ConnectionResult(conn_id=message.conn_id, **fields)

    def _PutVariable(self, message: SupervisorMessage) -> None:  # noqa: N802
        self._answers.record("variable", message.key, "set", "ignored")
        self._answers.write(message.key, message.value)

    def _DeleteVariable(self, message: SupervisorMessage) -> None:  # noqa: N802
        self._answers.record("variable", message.key, "delete", "ignored")
        self._answers.write(message.key, None)

    def _GetVariableKeys(self, message: SupervisorMessage) -> object:  # noqa: N802
        from airflow.sdk.execution_time.comms import VariableKeysResult

        keys = self._answers.names(message.prefix)
        self._answers.record("variable", (message.prefix or "") + "*", "keys", "file")
        return VariableKeysResult(
            keys=keys[message.offset : message.offset + message.limit], total_entries=len(keys)
        )

    def _MaskSecret(self, message: SupervisorMessage) -> None:  # noqa: N802
        return


def _fields(conn_id: str, found: str | dict[str, Json]) -> dict[str, Json]:
    """Return the fields that the API server of Airflow 3 would send for a Connection."""
    if not isinstance(found, dict):
        from airflow.sdk.definitions.connection import Connection

        if not hasattr(Connection, "from_json") or not hasattr(Connection, "from_uri"):  # as in 3.0
            from airflow.models.connection import Connection
        read = build(Connection, conn_id, found)
        found = {name: getattr(read, name, None) for name in _FIELDS}
    return {name: found.get(name) or ("" if name == "conn_type" else None) for name in _FIELDS}
