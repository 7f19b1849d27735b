"""Finds the ``airflow.*`` modules that the files of a folder import at the top, as Airflow does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterable

from ..system import files

if TYPE_CHECKING:
    from ..versions.airflow_api import AirflowApi

# Unindented lines that import something and mention Airflow. Only such lines can name a module;
# indented ones do not count.
_MENTION = re.compile(rb"^(?=[^\s#])(?=[^\n]*\bimport\b)[^\n]*\bairflow\b[^\n]*", re.M)
_SIMPLE = re.compile(
    rb"(?:from[ \t]+(airflow[\w.]*)[ \t]+import|import[ \t]+(airflow[\w.]*)[ \t]*(?:#|\r?$))"
)


def names(api: AirflowApi, dag_files: Iterable[str]) -> list[str]:
    """The modules, in the order of the files. Only files that may name a new one are parsed,
    because thousands name the same few.
    """
    found: dict[str, None] = {"airflow": None}
    for file in dag_files:
        if _may_name_others(file, found):
            found.update(dict.fromkeys(api.airflow_imports(file)))
    del found["airflow"]
    return list(found)


def _may_name_others(file: str, found: dict[str, None]) -> bool:
    try:
        data = files.read(file, files.LARGEST_SOURCE)
    except OSError:
        return False
    if data.startswith(b"PK") or b"\\\n" in data or b"\\\r" in data:
        return True
    return any(_module(line) not in found for line in _MENTION.findall(data))


def _module(line: bytes) -> str:
    """The module that a plain import line names; empty for any other line."""
    match = _SIMPLE.match(line)
    return (match.group(1) or match.group(2)).decode("ascii", "replace") if match else ""
