"""Reads files of Variables and Connections, as ``airflow variables export`` and ``airflow
connections export`` write them.

The other form is that of ``dagprof scan --write-variables``: one document with a section for each.
Both options accept such a document and read their own section.
"""

from __future__ import annotations

import errno
import json
import stat
from pathlib import Path

from dagprof import bounded
from dagprof.errors import UsageError
from dagprof.model.consistency import check_depth
from dagprof.project.files import yaml_on_demand
from dagprof.project.values import Unreadable, impossible

Values = dict[str, object]

MARK = "dagprof-answers"
_LARGEST_BYTES = 20_000_000


def read(path: str | None, what: str) -> Values:
    """The mapping in a JSON or YAML file; empty without a path. Dates in YAML are text, as they are
    in JSON.

    :raises UsageError: no such file, not JSON or YAML, or not a mapping of names; a Connection that
        is neither a URI nor a mapping.
    """
    if path is None:
        return {}
    document = _document(path, what)
    if MARK in document:
        found = _filled_in(document, what, path)
    else:
        found = {
            str(name): _value(value) if what == "variables" else value
            for name, value in document.items()
        }
    return _connections(found, path) if what == "connections" else found


def _connections(given: Values, path: str) -> Values:
    """Each as a URI or as fields. Airflow's own files may have a list of one."""
    found: Values = {}
    for name, value in given.items():
        one = value[0] if isinstance(value, list) and len(value) == 1 else value
        if not isinstance(one, (str, dict)):
            raise UsageError(
                f"The Connection {name[:80]!r} in {path!r} is neither a URI nor a mapping. Write a"
                " URI, or fields such as `conn_type` and `host`."
            )
        found[name] = one
    return found


def _document(path: str, what: str) -> Values:
    try:
        text = _text(Path(path))
        document = _parsed(text)
        check_depth(document)
    except OSError as error:
        raise UsageError(
            f"Cannot read the {what} file {path!r} ({error.strerror}). Give a readable file."
        ) from error
    except (Unreadable, ValueError) as error:
        raise UsageError(
            f"The {what} file {path!r} is not valid JSON or YAML: {_fault(error)}. Fix the file,"
            " or give another file."
        ) from None
    if not isinstance(document, dict):
        raise UsageError(
            f"The {what} file {path!r} must be a mapping of names to values. Use the format of"
            f" `airflow {what} export`."
        )
    return document


def environment(*paths: str | None) -> dict[str, str]:
    """The values in the ``environment`` sections of these files, as text.

    :raises UsageError: as ``read``.
    """
    found: dict[str, str] = {}
    for path in paths:
        document = _document(path, "answers") if path is not None else {}
        if MARK in document:
            for name, value in _filled_in(document, "environment", path or "").items():
                found[name] = _text_of(value)
                if why := impossible(name, found[name]):
                    raise UsageError(
                        f"Cannot set the environment variable {name[:80]!r} from {path!r}: {why}."
                        " Change or remove this variable."
                    )
    return found


def _filled_in(document: Values, what: str, path: str) -> Values:
    """One section without the names whose value is null."""
    section = document.get(what) or {}
    if not isinstance(section, dict):
        raise UsageError(
            f"The section {what!r} of {path!r} must be a mapping of names to values. Write lines"
            " of the form `NAME: VALUE`."
        )
    if what == "connections":
        section = {name: _fields(value) for name, value in section.items()}
    return {str(name): value for name, value in section.items() if value not in (None, {})}


def _fields(value: object) -> object:
    return (
        {field: given for field, given in value.items() if given is not None}
        if isinstance(value, dict)
        else value
    )


def _text_of(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _text(path: Path) -> str:
    """What a file or a pipe holds."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISFIFO(mode)):
        raise OSError(errno.EINVAL, "not a regular file")
    return bounded.read(path, _LARGEST_BYTES, also_pipes=True).decode("utf-8-sig")


def _parsed(text: str) -> object:
    """JSON, which most of these files are, or YAML.

    :raises Unreadable: it is neither, or its YAML is too large.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return yaml_on_demand.load(text, is_typed=True)


def _value(value: object) -> object:
    """Newer exports wrap a value together with its description."""
    return (
        value["value"]
        if isinstance(value, dict) and set(value) == {"value", "description"}
        else value
    )


def _fault(error: Exception) -> str:
    """What is wrong, without any text of the file, which may be a secret."""
    if isinstance(error, Unreadable):
        return str(error)
    return (
        "the file is not UTF-8 text"
        if isinstance(error, UnicodeDecodeError)
        else ("the file is damaged")
    )
