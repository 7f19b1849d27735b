"""Reads ``.env`` files as Docker, Compose and Astro do."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from dagprof.project.files.expand import expand
from dagprof.project.values import Variable, check_total


def parse(text: str, file: Path, known: Mapping[str, str]) -> list[Variable]:
    """The variables with a value in the text, in order; ``file`` is the source of the text.

    Names in values get their value from ``known``, then from earlier lines. In single quotes, names
    stay as they are.

    :raises Unreadable: the values are very long in total.
    """
    from dotenv.parser import (
        parse_stream,
    )  # takes 9 ms with logging; scans without such a file do not need it

    found: list[Variable] = []
    values = dict(known)
    size = 0
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or binding.key is None or binding.value is None:
            continue
        raw = binding.original.string.partition("=")[2].lstrip()
        value = (
            binding.value
            if raw.startswith("'")
            else expand(binding.value, values, doubled=False).text
        )
        before = len(binding.original.string) - len(binding.original.string.lstrip())
        line = binding.original.line + binding.original.string[:before].count("\n")
        size += len(value)
        check_total(size)
        found.append(Variable(binding.key, value, file, line))
        values.setdefault(binding.key, value)
    return found
