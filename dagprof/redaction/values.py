"""The secrets in what is given to a measurement: environment variables, Variables, Connections."""

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
    """The secrets in environment variables, and in the Variables and Connections that they hold."""
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
    """The secrets in one value: all of it by its name, or what is secret inside."""
    yield from _inside(value, strength(name), 0)


def of_connections(connections: Values) -> Iterator[str]:
    """The secrets in Connections, given as URIs, as JSON, or as mappings of their fields."""
    for connection in connections.values():
        yield from of_connection(connection)


def of_connection(connection: object) -> Iterator[str]:
    """The secrets in one Connection: its password, a token in place of its login, and what its
    ``extra`` and its URI hold.
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
    """The secrets in a value whose name is so strong, through lists, mappings and JSON."""
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
    """A field of credentials is secret unless it is one that everybody may see."""
    own = strength(name)
    return own if name.lower() in wordlists.PLAIN_FIELDS else max(own, outer)


def _is_address(value: str) -> bool:
    """A URL is secret where something in it is."""
    return "://" in value and any(True for _ in spans(value)) and " " not in value


def _in_text(value: str) -> Iterator[str]:
    """What the patterns find in a text, such as the password of a URL, also unquoted."""
    for start, end in spans(value[:_LONGEST]):
        found = value[start:end]
        yield found
        yield from {unquote(found), unquote_plus(found)} - {found}


def _decoded(value: object) -> object:
    """The mapping or list that a text holds as JSON; anything else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        found = json.loads(value[:_LONGEST])
    except (ValueError, RecursionError):
        return value
    return found if isinstance(found, (dict, list)) else value
