"""Answers Variable and Connection look-ups without a database, and records who asked for which key.

The sources, in order: the environment (``AIRFLOW_VAR_…``, ``AIRFLOW_CONN_…``), Variables that this
parse wrote, the files given to dagprof, and the default in the code. If none has the key, the
answer is a stub, or nothing if the user asked for that. ``lookups`` gives these answers to Airflow.
"""

from __future__ import annotations

import json
import os
import sys
from _thread import get_ident
from typing import TYPE_CHECKING

from .. import bounds, origin
from . import stubs

if TYPE_CHECKING:
    from ..protocol.rows import AccessRow, Form, Json
    from ..protocol.worker import OtherAnswers

_NOT_GIVEN = object()
_PLAIN = (str, dict, list, tuple)
_PREFIXES = {"variable": "AIRFLOW_VAR_", "connection": "AIRFLOW_CONN_"}


class VariableLookup:
    """One call that asks for a Variable: whether it has a default, whether it wants JSON, and the
    form of its made-up answer.
    """

    __slots__ = ("as_json", "default", "form")

    def __init__(self, default: object = _NOT_GIVEN, as_json: bool = False) -> None:
        self.default, self.as_json = default, as_json
        self.form: Form | None = None

    @property
    def has_default(self) -> bool:
        return self.default is not _NOT_GIVEN

    @property
    def default_says_nothing(self) -> bool:
        """Whether the default is a value that people write for "not set"."""
        return self.has_default and (
            self.default is None
            # Other types may compare in their own way. An array compares value by value.
            or (type(self.default) in _PLAIN and self.default in ("", "{}", "[]", {}, [], ()))
        )

    def finished(self, value: object) -> object:
        """Return the value for the caller: a made-up JSON document answers all keys."""
        return stubs.build(self.form) if self.as_json and self.form is not None else value


class Answers:
    """The values to answer with, and a record of the look-ups. ``left_out`` counts the look-ups
    that are not in the record.
    """

    def __init__(
        self, variables: dict[str, Json], connections: dict[str, Json], missing: str
    ) -> None:
        self._known = {"variable": variables, "connection": connections}
        self._stubs = missing != "error"
        self._asked: dict[tuple[str, str, str, str, str, int], int] = {}
        self._written: dict[str, str | None] = {}
        self._questions: dict[int, list[VariableLookup]] = {}
        self.guess = stubs.Guess()
        self.left_out = 0

    def begin(self, guess: OtherAnswers | None) -> None:
        """Start a parse: forget earlier look-ups, such as those of plugins."""
        self._asked.clear()
        self.left_out = 0
        self.guess = stubs.Guess(guess)
        self.guess.change_decoding()
        os.environ.update(self.guess.environment)

    def record(self, kind: str, key: object, operation: str, answered_by: str) -> None:
        file, line = origin.user_location(sys._getframe(1))
        name = bounds.cut(bounds.plain(key), bounds.NAME)
        asked = (kind, name, operation, answered_by, bounds.cut(file, bounds.PATH), line)
        if len(self._asked) < bounds.LOOKUPS or asked in self._asked:
            self._asked[asked] = self._asked.get(asked, 0) + 1
        else:
            self.left_out += 1

    def accesses(self) -> list[AccessRow]:
        """Rows of kind, key, operation, who answered, file, line, count."""
        return [[*asked, count] for asked, count in list(self._asked.items())]

    def questions(self) -> list[VariableLookup]:
        """The calls under way in this thread. The innermost is last."""
        return self._questions.setdefault(get_ident(), [])

    def write(self, key: str, value: str | None) -> None:
        """Keep a Variable that the DAG file sets, for the rest of this parse; None if it deletes
        it.
        """
        self._written[key] = value

    def names(self, prefix: str | None = None) -> list[str]:
        """The Variables that a database would hold: those of the given file, and those that this
        parse has set.
        """
        gone = {key for key, value in self._written.items() if value is None}
        found = {str(key) for key in (*self._known["variable"], *self._written) if key not in gone}
        return sorted(name for name in found if name.startswith(prefix or ""))

    def from_environment(self, kind: str, key: str) -> str | None:
        """The value in the environment, where Airflow looks first; None if there is none."""
        text = os.environ.get(_PREFIXES[kind] + str(key).upper())
        if text is not None:
            self.record(kind, key, "get", "environment")
        return text

    def variable(self, key: str) -> str | None:
        """The text of a Variable. With None, Airflow returns the default or reports that the
        Variable does not exist.
        """
        questions = self.questions()
        question = questions[-1] if questions else VariableLookup()
        known, text = self._find_variable(key)
        if key in self.guess.templates and not question.as_json:
            self.record("variable", key, "get", "stub")
            return self.guess.templates[key]
        if known:
            self.record("variable", key, "get", "file")
        elif self.guess.covers("variable", key):
            self.record("variable", key, "get", "stub")
            text, question.form = (
                stubs.STUB_TEXT if question.as_json else self.guess.text,
                self.guess.json,
            )
        elif question.has_default:
            self.record(
                "variable",
                key,
                "get",
                "empty-default" if question.default_says_nothing and self._stubs else "default",
            )
        elif not self._stubs or key in self._written:
            self.record("variable", key, "get", "missing")
        else:
            self.record("variable", key, "get", "stub")
            text, question.form = stubs.STUB_TEXT, stubs.EVERY_KEY
        return text

    def _find_variable(self, key: str) -> tuple[bool, str | None]:
        """Return whether this parse or the given file has the Variable, and its text."""
        if key in self._written:
            return self._written[key] is not None, self._written[key]
        known = self._known["variable"]
        return (True, _text(known[key])) if key in known else (False, None)

    def connection(self, conn_id: str) -> str | dict[str, Json] | None:
        """A Connection as text (a URI, JSON) or as fields; None if there is none."""
        known = self._known["connection"]
        if conn_id in known:
            self.record("connection", conn_id, "get", "file")
            return _text(known[conn_id])
        self.record("connection", conn_id, "get", "stub" if self._stubs else "missing")
        if self.guess.covers("connection", conn_id):
            return self.guess.connection
        return stubs.STUB_CONNECTION if self._stubs else None

    def extra(self, text: object) -> object:
        """Return the mapping that replaces a stub Connection's ``extra``; None for real ones."""
        if text == stubs.STUB_EXTRA:
            return stubs.build(stubs.EVERY_KEY)
        if (
            self.guess.extra is not None
            and text is not None
            and text == self.guess.connection.get("extra")
        ):
            return stubs.build(self.guess.extra)
        return None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)
