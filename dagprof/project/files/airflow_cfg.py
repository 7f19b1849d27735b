"""Reads an ``airflow.cfg`` of the repository as environment variables. Airflow prefers these to any
such file.
"""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from dagprof.project.values import Unreadable, Variable

# Options of [DEFAULT] hold in each section.
_MOST_OPTIONS = 20_000
_SECTION = re.compile(r"\s*\[([^\]]+)\]")


def parse(text: str, file: Path) -> list[Variable]:
    """The options that the file sets, as ``AIRFLOW__SECTION__KEY``, without empty ones.

    :raises Unreadable: the file is not an ``airflow.cfg``.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise Unreadable(f"the file is not a valid airflow.cfg{_place(error)}") from None
    if len(parser.defaults()) * len(parser.sections()) > _MOST_OPTIONS:
        raise Unreadable(f"the file defines more than {_MOST_OPTIONS:,} options")
    lines = _lines(text)
    return [
        Variable(
            f"AIRFLOW__{section.upper().replace('.', '_')}__{key.upper()}",
            value.replace("%%", "%"),
            file,
            lines.get((section, key), 0),
        )
        for section in parser.sections()
        for key, value in parser.items(section)
        if value
    ]


def _place(error: configparser.Error) -> str:
    """The line of an error. The message leaves out its text, which may be a secret."""
    faults = getattr(error, "errors", None) or [(getattr(error, "lineno", None), "")]
    return f" (line {faults[0][0]} is neither a section nor an option)" if faults[0][0] else ""


def _lines(text: str) -> dict[tuple[str, str], int]:
    """The line of each option, by section and key."""
    found: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _SECTION.match(line):
            section = header[1]
        elif line[:1].strip() and line[0] not in "#;":
            found[section, re.split(r"[=:]", line)[0].strip().lower()] = number
    return found
