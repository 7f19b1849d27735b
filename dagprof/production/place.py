"""The value of ``--from-airflow``: where the figures of a deployment are, and its secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit

from dagprof.errors import UsageError
from dagprof.redaction import Redactor, values

OPTION = "--from-airflow"
TOKEN = "DAGPROF_AIRFLOW_TOKEN"
_VARIABLE = "env:"
_USER = re.compile(r"(?P<scheme>[^:/]+://)(?P<user>[^:/@]*)(?::(?P<password>[^@]*))?@")
_API = re.compile(r"/api/v\d+/?$")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_FORMS = (
    f"Set {OPTION} to the URL of an Airflow 3 web server, the SQLAlchemy URL of a metadata"
    " database, or the path of an SQLite file. To read this value from the environment variable"
    " NAME, give env:NAME."
)


class Place(NamedTuple):
    """Where to read. ``shown`` is the place without user name, password and query.

    ``address`` is the base address of a web server, the path of an SQLite file, or the SQLAlchemy
    URL of another database. ``redact`` masks the secrets of this place in other texts.
    """

    kind: str
    address: str
    shown: str
    redact: Redactor
    token: str = ""


REST, SQLITE, SQLALCHEMY = "rest", "sqlite", "sqlalchemy"


def place(value: str, environment: Mapping[str, str]) -> Place:
    """The place that the user named.

    :raises UsageError: the value is no place.
    """
    given = value.strip()
    value = _resolved(given, environment)
    if "://" not in value:
        return _file(value, shown=given)
    user, password, rest = _without_user(value)
    try:
        parts = urlsplit(rest)
        host = _host(parts)
    except ValueError as error:
        raise UsageError(f"The URL in {OPTION} is invalid. {_FORMS}") from error
    scheme = parts.scheme.lower()
    if scheme in ("http", "https"):
        return _server(parts, host, environment, has_user=bool(user or password))
    if scheme.split("+")[0] == "sqlite":
        return _file(_sqlite_path(value), shown=given)
    secrets = set(values.of_connection(value))
    for part in (user, password):
        if part:
            secrets |= {part, unquote(part), unquote_plus(part)}
    # The user is no secret in other texts, and short ones would hide ordinary words.
    secrets.discard(user)
    redact = Redactor(secret for secret in secrets if len(secret) > 1)
    return Place(SQLALCHEMY, value, redact(f"{scheme}://{host}{parts.path}"), redact)


def without_token(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment variables without the token, which no DAG file may see."""
    return {name: value for name, value in environment.items() if name != TOKEN}


def without_place(environment: Mapping[str, str], value: str) -> dict[str, str]:
    """The environment variables without the one that ``env:NAME`` names: no DAG file may see the
    password of the database.
    """
    name = value.strip().removeprefix(_VARIABLE) if value.strip().startswith(_VARIABLE) else ""
    return {each: text for each, text in environment.items() if each != name}


def _resolved(value: str, environment: Mapping[str, str]) -> str:
    if not value.startswith(_VARIABLE):
        return value
    name = value.removeprefix(_VARIABLE)
    found = environment.get(name, "").strip()
    if not found:
        raise UsageError(
            f"{OPTION} names the environment variable {name!r}, which is not set. {_FORMS}"
        )
    return found


def _file(path: str, shown: str) -> Place:
    """The place of an SQLite file. ``shown`` is the value as the user gave it: the value of an
    environment variable may be secret.
    """
    if not os.path.isfile(path):
        raise UsageError(
            f"{OPTION} needs a URL or an existing file, but {shown!r} is neither. {_FORMS}"
        )
    path = os.path.abspath(path)
    return Place(SQLITE, path, path, Redactor())


def _sqlite_path(url: str) -> str:
    """The file of an SQLAlchemy URL: three slashes and a relative path, or four slashes."""
    rest = url.split("://", 1)[1]
    return unquote(rest.removeprefix("/").split("?", 1)[0])


def _without_user(url: str) -> tuple[str, str, str]:
    """User name, password and the URL without both. As in SQLAlchemy, a password may contain all
    characters except ``@``, also ``/``, ``#`` and ``?``.
    """
    found = _USER.match(url)
    if found is None:
        return "", "", url
    return found["user"], found["password"] or "", found["scheme"] + url[found.end() :]


def _server(
    parts: SplitResult, host: str, environment: Mapping[str, str], *, has_user: bool
) -> Place:
    if has_user:
        raise UsageError(
            f"The URL in {OPTION} contains a user name or a password. Remove both, and set the"
            f" environment variable {TOKEN} to a token."
        )
    if not host:
        raise UsageError(f"The URL in {OPTION} contains no host name. {_FORMS}")
    token = environment.get(TOKEN, "").strip()
    if token and not _TOKEN.fullmatch(token):
        raise UsageError(
            f"The environment variable {TOKEN} contains a character that is not allowed in a token."
            " Set the variable to the token only, without `Bearer`."
        )
    path = _API.sub("", parts.path.rstrip("/")).rstrip("/")
    address = f"{parts.scheme.lower()}://{host}{path}"
    redact = Redactor([token] if token else [])
    return Place(REST, address, redact(address), redact, token)


def _host(parts: SplitResult) -> str:
    """Host and port, without user name and password.

    :raises ValueError: the port is no number.
    """
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    return f"{host}:{parts.port}" if parts.port is not None else host
