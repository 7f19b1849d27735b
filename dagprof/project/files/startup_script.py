"""Reads the variables that a ``startup.sh`` of Amazon MWAA exports, without running the script."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from dagprof.project.files.expand import expand, literal
from dagprof.project.values import Variable

_EXPORT = re.compile(r"\s*export\s+(.+)")


def parse(text: str, file: Path, known: Mapping[str, str]) -> list[Variable]:
    """The exported variables, without those that get their value from a command."""
    found: list[Variable] = []
    values = dict(known)
    for number, line in enumerate(text.splitlines(), 1):
        match = _EXPORT.match(line)
        if match is None or "$(" in line or "`" in line:
            continue
        try:
            words = shlex.split(literal(match[1]), comments=True)
        except ValueError:
            continue
        for name, sign, value in (word.partition("=") for word in words):
            if sign and name.isidentifier():
                values[name] = expand(value, values, doubled=False).text
                found.append(Variable(name, values[name], file, number))
    return found
