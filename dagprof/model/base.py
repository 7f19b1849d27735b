"""Base classes and small values of the vocabulary."""

from __future__ import annotations

import msgspec


class Frozen(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=False
):
    """Base of all values: immutable and built by keyword. It ignores unknown fields that a newer
    dagprof wrote.
    """


class Doubt(Frozen, frozen=True):
    """A reason to trust a number less. ``code`` is a stable name, ``text`` is one sentence for
    people.
    """

    code: str
    text: str


class Place(Frozen, frozen=True, array_like=True, order=True):
    """A line of the user's code; ``file`` is relative to ``Run.root`` where it lies below it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"
