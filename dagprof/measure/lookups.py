"""Files of Variables and Connections, as ``airflow variables export`` and ``airflow connections export`` write them."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dagprof.errors import UsageError

Values = dict[str, Any]

_SECRET_NAME = re.compile(r"pass|secret|token|key|credential|auth", re.IGNORECASE)


def read(path: str | None, what: str) -> Values:
    """The mapping in a JSON or YAML file (JSON is YAML, so one parser reads both); empty without a path.

    :raises UsageError: no such file, not JSON or YAML, or not a mapping of names.
    """
    if path is None:
        return {}
    try:
        document = yaml.safe_load(_text(Path(path)))
    except OSError as error:
        raise UsageError(
            f"The {what} file {path!r} cannot be read ({error.strerror}); give a readable file."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"The {what} file {path!r} is neither JSON nor YAML: {_first_line(error)}.") from error
    if not isinstance(document, dict):
        raise UsageError(
            f"The {what} file {path!r} holds no mapping of names; write it as `airflow {what} export` does."
        )
    return {str(name): _value(value) if what == "variables" else value for name, value in document.items()}


def _text(path: Path) -> str:
    if path.exists() and not path.is_file() and not path.is_dir() and not path.is_fifo():
        raise OSError(errno.EINVAL, "it is no regular file")
    return path.read_text(encoding="utf-8")


def _value(value: Any) -> Any:
    """Newer exports wrap a value together with its description."""
    return value["value"] if isinstance(value, dict) and set(value) == {"value", "description"} else value


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def secrets(variables: Mapping[str, Any], connections: Mapping[str, Any]) -> list[str]:
    """Values that may appear in no result: of Variables with telling names, and of what Connections keep to themselves."""
    found = [value for name, value in variables.items() if _SECRET_NAME.search(name) and isinstance(value, str)]
    for connection in connections.values():
        if isinstance(connection, str):
            found.append(connection)
        elif isinstance(connection, dict):
            found += [connection[name] for name in ("password", "extra") if isinstance(connection.get(name), str)]
    return found
