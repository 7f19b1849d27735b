"""``.env`` files, as Docker, Compose and Astro read them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from dagprof.project.files.expand import expand
from dagprof.project.values import Variable


def parse(text: str, file: Path, known: Mapping[str, str]) -> list[Variable]:
    """The variables that the text gives a value, in its order; ``file`` is where it stands.

    Names in values are taken from ``known``, then from earlier lines; in single quotes they stay as
    they are.
    """
    from dotenv.parser import (
        parse_stream,
    )  # with logging 9 ms, which scans without such a file need not

    found: list[Variable] = []
    values = dict(known)
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
        found.append(Variable(binding.key, value, file, line))
        values.setdefault(binding.key, value)
    return found
