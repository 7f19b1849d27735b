"""Answers that dagprof makes up, and other answers to compare with. A comparison shows whether a
failure follows from a made-up answer.
"""

from __future__ import annotations

import copy
import functools
import json
from typing import TYPE_CHECKING, Any, Mapping

if TYPE_CHECKING:
    from typing import SupportsIndex

    from ..protocol.rows import Form, Json
    from ..protocol.worker import OtherAnswers

# Valid as text, as a number, as a truth value and as JSON.
STUB_TEXT = "1"
# Marks a stub Connection, whose keys dagprof makes up. The space makes it unique: no export writes
# one there.
STUB_EXTRA = "{ }"
STUB_CONNECTION: dict[str, Json] = {
    "conn_type": "generic",
    "host": "dagprof-stub.invalid",
    "login": "stub",
    "password": "stub",
    "extra": STUB_EXTRA,
}
# An unknown JSON document: every key has an answer.
EVERY_KEY: Form = {"every": None}


class StubText(str):
    """A value in an unknown JSON document: text that also answers like a mapping.

    ``keys`` makes ``**value`` work: hooks pass on options from a Connection's ``extra``.
    """

    def __getitem__(self, key: SupportsIndex | slice | str) -> str:
        return StubText(self) if isinstance(key, str) else str.__getitem__(self, key)

    def get(self, key: object, *default: object) -> object:
        return default[0] if default else StubText(self)

    def keys(self) -> tuple[()]:
        return ()


class StubMapping(dict):  # type: ignore[type-arg]
    """Stands for an unknown JSON document. It is empty, but it answers every key that is requested
    without a default.
    """

    def __init__(
        self, every: Form | None = None, known: Mapping[str, object] | tuple[()] = ()
    ) -> None:
        super().__init__(known)
        self._every = every

    def __missing__(self, key: object) -> object:
        return StubText(STUB_TEXT) if self._every is None else build(self._every)

    def get(self, key: object, *default: object) -> object:
        return self[key] if key in self or not default else default[0]

    def pop(self, key: object, *default: object) -> object:
        return super().pop(key, *default) if key in self or default else self[key]

    def copy(self) -> StubMapping:
        return StubMapping(self._every, self)

    def __deepcopy__(self, memo: object) -> StubMapping:
        return self.copy()

    def __reduce__(self) -> tuple[object, ...]:
        return dict, (dict(self),)


# An error message names the type of the value. These names are those of real answers.
StubText.__name__ = StubText.__qualname__ = "str"
StubMapping.__name__ = StubMapping.__qualname__ = "dict"


def build(form: Form) -> object:
    """Build a JSON value from a form: ``{"is": VALUE}`` for the value itself, ``{"text": TEXT}``
    for a ``StubText``, ``{"list": FORM}`` for a list of one such value, or ``{"every": FORM}`` for
    a mapping that answers all keys with the same value.
    """
    if "is" in form:
        return copy.deepcopy(form["is"])
    if "text" in form:
        return StubText(form["text"])
    if "list" in form:
        return [build(form["list"])]
    return StubMapping(form["every"], form.get("known", ()))


class Guess:
    """Another answer for names without a real answer. It shows whether a failure depends on them.

    ``message`` holds ``keys`` (pairs of kind and name), ``text`` for Variables, ``json`` (a form)
    for those read as JSON, ``connection`` (fields), ``extra`` (a form or None), ``environment``
    (name to text), ``templates`` (texts of Variables that are not read as JSON), and ``decoded`` (a
    JSON text and a form).
    """

    def __init__(self, message: OtherAnswers | None = None) -> None:
        message = message or {}
        self._keys = {(kind, key) for kind, key in message.get("keys", ())}
        self.text = message.get("text", STUB_TEXT)
        self.json = message.get("json", EVERY_KEY)
        self.connection = message.get("connection", STUB_CONNECTION)
        self.extra = message.get("extra")
        self.environment = message.get("environment", {})
        self.templates = message.get("templates", {})
        self._decoded = message.get("decoded")

    def covers(self, kind: str, key: object) -> bool:
        return (kind, key) in self._keys

    def change_decoding(self) -> None:
        """Let the JSON text of this guess decode to its form, for the rest of this process."""
        if self._decoded is None:
            return
        text, form = self._decoded
        ordinary = json.JSONDecoder.decode

        @functools.wraps(ordinary)
        def decode(decoder: json.JSONDecoder, s: str, *more: Any) -> object:
            return build(form) if s == text else ordinary(decoder, s, *more)

        setattr(json.JSONDecoder, "decode", decode)  # noqa: B010
