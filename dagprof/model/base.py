"""What all values of the vocabulary are built from."""

from __future__ import annotations

import msgspec


class Frozen(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=False
):
    """Base of all values: immutable, built by keyword; unknown fields of a newer writer are
    ignored.
    """


class Doubt(Frozen, frozen=True):
    """A reason to trust a number less. ``code`` is stable, ``text`` is one sentence for people."""

    code: str
    text: str


class Place(Frozen, frozen=True, array_like=True, order=True):
    """A line of the user's code; ``file`` is relative to ``Run.root`` where it lies below it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"
