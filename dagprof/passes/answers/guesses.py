"""Other answers to the lookups of a file that fails: texts, numbers, JSON documents and Connections
of the forms that DAG files expect. None of them names anything that exists.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from dagprof.model import Unanswered

# In a parse with another answer, this JSON text becomes a document that answers every key.
MARKER = '{"dagprof-stub": "2"}'
_DOCUMENT = '{"dagprof": "2"}'
# Nested documents have as many levels, and as many keys on each.
_LEVELS = 3
_MOST_NESTED = 6


class Guess(NamedTuple):
    """Other answers.

    ``is_alike``: of the same form as the stub, so any change of the failure follows from the
    answer. ``is_empty``: an empty mapping, as in most Connections. An exception that an empty
    mapping itself raises proves nothing. ``decoded``: the form of what the code gets if it decodes
    ``MARKER``. ``relearn``: the same guess with more keys.
    """

    text: str
    json: Mapping[str, object]
    is_alike: bool = False
    is_empty: bool = False
    extra: Mapping[str, object] | None = None
    document: str = _DOCUMENT
    decoded: Mapping[str, object] | None = None
    relearn: Callable[[Sequence[str]], Guess] | None = None
    conn_type: str = "dagprof"
    host: str = "dagprof-stub-2.invalid"
    schema: str = "stub-2"
    login: str = "stub-2"
    port: int = 1

    @property
    def is_empty_below(self) -> bool:
        """Whether a value in the document is a mapping without keys. A loop over it runs never."""
        inner = [(form or {}).get("every") for form in (self.json, self.extra, self.decoded)]
        return self.is_empty or any(isinstance(form, Mapping) and "every" in form for form in inner)

    def message(self, names: Iterable[Unanswered]) -> dict[str, object]:
        """Return the guess in the form that the probe reads, for these names."""
        names = list(names)
        return {
            "keys": [[name.kind, name.key] for name in names],
            "text": self.text,
            "json": self.json,
            "extra": self.extra,
            "environment": {name.key: self.text for name in names if name.kind == "environment"},
            "connection": {
                "conn_type": self.conn_type,
                "host": self.host,
                "login": self.login,
                "password": "stub-2",
                "schema": self.schema,
                "port": self.port,
                "extra": self.document,
            },
            "decoded": None if self.decoded is None else [MARKER, self.decoded],
        }


_TWO: dict[str, object] = {"is": "2"}
_EVERY: dict[str, object] = {"every": _TWO}
_ANY_DEPTH: dict[str, object] = {"every": {"text": "2"}}
# An answer of the stub's own form.
ALIKE = Guess("2", _ANY_DEPTH, is_alike=True, extra=_ANY_DEPTH)
FORMS = (
    # An address that needs no name server and that nothing can reach.
    Guess(
        "dagprof-stub",
        {"every": _EVERY},
        extra={"every": _EVERY},
        conn_type="http",
        host="255.255.255.255",
    ),
    Guess("http://dagprof-stub.invalid/2", {"every": {"list": _EVERY}}, extra={"every": {"is": 2}}),
    Guess("2024-01-02", {"is": ["2", "3"]}),
    Guess("2024-01-02T03:04:05+00:00", {"every": {"is": 2}}),
    Guess("a,b;c:d/e|f g-h_i.j", {"every": {"is": ["2", "3"]}}),
    Guess('["2", "3"]', {"list": _EVERY}),
    Guess("0 2 * * *", {"is": 2}),
    Guess("UTC", {"is": "2"}),
    Guess("true", {"every": {"every": {"is": 2}}}, extra={"every": {"every": {"is": 2}}}),
    Guess("2", {"is": {}}, is_empty=True, extra={"is": {}}),
)


def _decoding(
    form: Mapping[str, object], conn_type: str, port: int, *, text: str = MARKER
) -> Guess:
    """A JSON text, alone and as a value of other JSON documents, that decodes to this form."""
    inner = {"every": {"text": text}}
    return Guess(
        text, inner, extra=inner, document=text, decoded=form, conn_type=conn_type, port=port
    )


# Each comes with a common type of a Connection and its port.
DOCUMENTS = (
    _decoding(_ANY_DEPTH, "postgres", 5432),
    _decoding({"every": {"list": _ANY_DEPTH}}, "mysql", 3306),
    _decoding({"list": _ANY_DEPTH}, "google_cloud_platform", 443),
    _decoding({"every": {"every": {"is": 2}}}, "aws", 8080),
    _decoding({"every": {"is": 2}}, "snowflake", 65000),
    _decoding({"every": {"is": ["2", "3", "4", "5"]}}, "ssh", 22),
    _decoding(_ANY_DEPTH, "sqlite", 2, text=base64.b64encode(MARKER.encode()).decode()),
)
NUMBERS = (1000, 100, 10, 0.5, 0, -1)


def _everywhere(text: str, **more: str) -> Guess:
    """This text for each Variable, each value of a JSON document and each key of ``extra``."""
    return Guess(text, {"every": {"is": text}}, extra={"every": {"is": text}}, **more)  # type: ignore[arg-type]


# No bucket can have a name that ends with a hyphen.
FORMATS = (
    _everywhere("gs://dagprof-stub-/2/3/4/5.json", host="a.b.c.dagprof-stub.invalid"),
    _everywhere("s3://dagprof-stub-/2/3/4/5.csv"),
    _everywhere("https://dagprof-stub.invalid/2/3/4.yaml", host="https://dagprof-stub.invalid"),
    _everywhere("stub@dagprof-stub.invalid", login="stub@dagprof-stub.invalid"),
    _everywhere("arn:aws:iam::123456789012:role/stub-2"),
    _everywhere("/dagprof-stub/2/3/4.sql"),
    _everywhere("postgresql://stub:stub@dagprof-stub.invalid:2/stub", conn_type="redshift"),
    _everywhere("a.b"),
    _everywhere("a.b.c"),
    _everywhere("12:34"),
    _everywhere("2.3.4.5.6.7.8.9"),
    _everywhere("a:b:c:d:e:f:g:h"),
    _everywhere("127.0.0.0/29"),
    _everywhere("00000000-0000-4000-8000-000000000002", conn_type="azure"),
    _everywhere("00ff" * 16),
    _everywhere("STUB"),
    _everywhere("a=b,c=d"),
)


def word(text: str) -> Guess:
    """A text from the source, also for the fields of a Connection.

    The host is always made up: a login must not reach a host that the source names.
    """
    host = text if "dagprof-stub" in text else f"{text}.dagprof-stub.invalid"
    return _everywhere(text, conn_type=text, host=host, schema=text, login=text)


def number(value: float) -> Guess:
    """A number as text and as number, and as the port of a Connection."""
    return Guess(
        str(value), {"every": {"is": value}}, extra={"every": {"is": value}}, port=int(value)
    )


def flat(keys: Sequence[str]) -> Guess:
    """A JSON object with the keys that the file asked for."""
    return _with({"dagprof": "2", **dict.fromkeys(keys, "2")}, flat)


def nested(keys: Sequence[str]) -> Guess:
    """A JSON object with these keys on each of several levels."""
    document: object = "2"
    for _ in range(_LEVELS):
        document = {"dagprof": "2", **dict.fromkeys(keys[-_MOST_NESTED:], document)}
    return _with(document, nested)


def _with(document: object, relearn: Callable[[Sequence[str]], Guess]) -> Guess:
    form, text = {"is": document}, json.dumps(document)
    return Guess(text, form, extra=form, document=text, relearn=relearn)
