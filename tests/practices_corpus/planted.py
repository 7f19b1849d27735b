"""The form of the corpus' entries."""

from __future__ import annotations

import re
from typing import NamedTuple

# Marks the line of the fault in the corpus. The written files do not contain the mark.
_MARK = re.compile(r"[ \t]*# <<$", re.MULTILINE)


class Planted(NamedTuple):
    """A DAG file with one planted fault, and the further files that the DAG file needs.

    ``place`` is the file and line of the fault, or None if no single line is at fault.
    """

    rule: str
    name: str
    files: dict[str, str]
    place: tuple[str, int] | None


def planted(rule: str, name: str, source: str, files: dict[str, str] | None = None) -> Planted:
    """Build an entry from sources in which ``# <<`` marks the line of the fault."""
    texts = {f"{name}.py": source.lstrip("\n"), **(files or {})}
    place = None
    for path, text in texts.items():
        if found := _MARK.search(text):
            place = path, text.count("\n", 0, found.start()) + 1
            texts[path] = _MARK.sub("", text)
    return Planted(rule, name, texts, place)
