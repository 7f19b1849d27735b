"""Finds the secrets in the inputs of a measurement: environment variables, Variables and
Connections.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

from dagprof.redaction import wordlists
from dagprof.redaction.names import Strength, strength
from dagprof.redaction.search import spans
from dagprof.redaction.shapes import is_ordinary, looks_random

Values = Mapping[str, object]

_DEEPEST = 20
_LONGEST = 200_000


def of_environment(environment: Mapping[str, str]) -> Iterator[str]:
    """The secrets in environment variables, including Variables and Connections in environment
    variables.
    """
    for name, value in environment.items():
        if name.startswith("AIRFLOW_CONN_"):
            yield from of_connection(value)
        else:
            yield from of_setting(name.removeprefix("AIRFLOW_VAR_"), value)


def of_settings(settings: Values) -> Iterator[str]:
    """The secrets in Variables, or in the settings of a file."""
    for name, value in settings.items():
        yield from of_setting(str(name), value)


def of_setting(name: str, value: object) -> Iterator[str]:
    """The secrets in one value. The name decides whether the whole value or only a part of the
    value is a secret.
    """
    yield from _inside(value, strength(name), 0)


def of_connections(connections: Values) -> Iterator[str]:
    """The secrets in Connections. A Connection is a URI, JSON text, or a mapping of its fields."""
    for connection in connections.values():
        yield from of_connection(connection)


def of_connection(connection: object) -> Iterator[str]:
    """The secrets in one Connection: the password, a token in the login, and secrets in ``extra``
    and in the URI.
    """
    fields = _decoded(connection) if isinstance(connection, str) else connection
    if not isinstance(fields, Mapping):
        yield from _in_uri(str(connection))
        return
    for name, value in fields.items():
        if name == "password":
            yield from _inside(value, Strength.SURE, 0)
        elif name == "extra":
            yield from _inside(_decoded(value), Strength.MAYBE, 0)
        elif isinstance(value, str):
            yield from _in_text(value)
            if name == "login" and looks_random(value):
                yield value


def _in_uri(uri: str) -> Iterator[str]:
    yield from _in_text(uri)
    try:
        query = parse_qsl(urlsplit(uri).query)
    except ValueError:
        return
    for name, value in query:
        yield from _inside(value, _strength_inside(name, Strength.MAYBE), 0)


def _inside(value: object, strong: Strength, depth: int) -> Iterator[str]:
    """The secrets in a value, including values in lists, mappings and JSON. ``strong`` says how
    certainly the name of the value announces a secret.
    """
    value = _decoded(value)
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _inside(inner, _strength_inside(str(name), strong), depth + 1)
    elif isinstance(value, (list, tuple, set)):
        for inner in value:
            yield from _inside(inner, strong, depth + 1)
    elif isinstance(value, str):
        is_sure = strong is Strength.SURE and not is_ordinary(value) and not _is_address(value)
        if is_sure or (strong is Strength.MAYBE and looks_random(value)):
            yield value
        yield from _in_text(value)
    elif strong is Strength.SURE and isinstance(value, int) and not isinstance(value, bool):
        yield str(value)


def _strength_inside(name: str, outer: Strength) -> Strength:
    """How certainly a field inside credentials is a secret. Fields in ``PLAIN_FIELDS`` are judged
    only by their own name.
    """
    own = strength(name)
    return own if name.lower() in wordlists.PLAIN_FIELDS else max(own, outer)


def _is_address(value: str) -> bool:
    """Whether the value is a URL that contains a secret. Only this part of the URL is then the
    secret.
    """
    return "://" in value and any(True for _ in spans(value)) and " " not in value


def _in_text(value: str) -> Iterator[str]:
    """The secrets that the patterns find in a text, such as the password of a URL. The decoded form
    of each secret follows.
    """
    for start, end in spans(value[:_LONGEST]):
        found = value[start:end]
        yield found
        yield from {unquote(found), unquote_plus(found)} - {found}


def _decoded(value: object) -> object:
    """The mapping or list, if the value is JSON text. All other values stay unchanged."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        found = json.loads(value[:_LONGEST])
    except (ValueError, RecursionError):
        return value
    return found if isinstance(found, (dict, list)) else value
