"""Reads a configuration file as TOML, up to a size."""

from __future__ import annotations

import sys
from pathlib import Path

from dagprof import bounded
from dagprof.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LARGEST_BYTES = 1_000_000
# The sum of the squares of the dots in each line. The parser keeps each beginning of a dotted key,
# so a key of 60,000 parts takes gigabytes.
_MOST_DOTS = 20_000_000


def read(file: Path) -> dict[str, object]:
    """The tables of a file.

    :raises UsageError: the file cannot be read, is too large, or is not TOML.
    """
    try:
        text = bounded.read(file, _LARGEST_BYTES)
        if sum(line.count(b".") ** 2 for line in text.split(b"\n")) > _MOST_DOTS:
            raise ValueError("the keys are too long")
        return tomllib.loads(text.decode("utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise UsageError(
            f"Cannot read {file} ({error}). Fix the file or run dagprof in another folder."
        ) from error
