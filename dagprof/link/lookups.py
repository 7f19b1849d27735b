"""Reads files of Variables and Connections, as ``airflow variables export`` and ``airflow
connections export`` write them.

The other form is that of ``dagprof scan --write-variables``: one document with a section for each.
Both options accept such a document and read their own section.
"""

from __future__ import annotations

import errno
from pathlib import Path

import yaml

from dagprof.errors import UsageError

Values = dict[str, object]

MARK = "dagprof-answers"


def read(path: str | None, what: str) -> Values:
    """The mapping in a JSON or YAML file (JSON is YAML, so one parser reads both). Empty without a
    path.

    :raises UsageError: no such file, not JSON or YAML, or not a mapping of names.
    """
    if path is None:
        return {}
    document = _document(path, what)
    if MARK in document:
        return _filled_in(document, what, path)
    return {
        str(name): _value(value) if what == "variables" else value
        for name, value in document.items()
    }


def _document(path: str, what: str) -> Values:
    try:
        document = yaml.safe_load(_text(Path(path)))
    except OSError as error:
        raise UsageError(
            f"Cannot read the {what} file {path!r} ({error.strerror}). Give a readable file."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The {what} file {path!r} is neither JSON nor YAML: {_fault(error)}."
        ) from None
    if not isinstance(document, dict):
        raise UsageError(
            f"The {what} file {path!r} does not map names to values. Write the file in the format"
            f" of `airflow {what} export`."
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
            found |= {
                name: _text_of(value)
                for name, value in _filled_in(document, "environment", path or "").items()
            }
    return found


def _filled_in(document: Values, what: str, path: str) -> Values:
    """One section without the names whose value is null."""
    section = document.get(what) or {}
    if not isinstance(section, dict):
        raise UsageError(
            f"The section {what!r} of {path!r} does not map names to values. Write `NAME: VALUE`"
            " lines."
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
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(path: Path) -> str:
    if path.exists() and not path.is_file() and not path.is_dir() and not path.is_fifo():
        raise OSError(errno.EINVAL, "not a regular file")
    return path.read_text(encoding="utf-8")


def _value(value: object) -> object:
    """Newer exports wrap a value together with its description."""
    return (
        value["value"]
        if isinstance(value, dict) and set(value) == {"value", "description"}
        else value
    )


def _fault(error: Exception) -> str:
    """Where the fault is and which, without any text of the file, which may be a secret."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return (
            "it is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else "it is damaged"
        )
    problem = str(error.problem or "").partition("'")[0].partition('"')[0].strip()
    line = f"line {error.problem_mark.line + 1}"
    return f"{line}, {problem.removeprefix('but ')}" if problem else line
