"""The values of ``--format``: which reports a command writes, and where."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from dagprof.cli import output
from dagprof.errors import UsageError


def writings(formats: Sequence[str], known: Collection[str]) -> list[tuple[str, Path | None]]:
    """Each pair of format and file once; the file is None for standard output. ``known`` has the
    names of the formats.

    :raises UsageError: a format is unknown, or a file cannot hold its report.
    """
    found: list[tuple[str, Path | None]] = []
    for text in formats:
        name, _, file = text.partition("=")
        if name not in known:
            raise UsageError(f"Unknown format {name!r}. Choose from {', '.join(known)}.")
        found.append((name, Path(file) if file else None))
        if file:
            output.check_writable(
                Path(file).absolute().parent, f"choose another file for --format {name}"
            )
    unique = list(dict.fromkeys(found))
    places = [file and file.absolute() for _, file in unique]
    for format_name, target in unique:
        if places.count(target and target.absolute()) > 1:
            where = "Standard output" if target is None else repr(str(target))
            raise UsageError(
                f"{where} can hold only one report. Write the {format_name} report to another file."
            )
        if target is not None and (target.suffix == ".py" or os.path.isdir(target)):
            what = "is a folder" if os.path.isdir(target) else "has the name of a Python file"
            raise UsageError(
                f"Cannot write a report to {str(target)!r}, which {what}. Choose another file for"
                f" --format {format_name}."
            )
    return unique
