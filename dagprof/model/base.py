"""Base classes, number types and small values of the data model."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

# msgspec checks the bounds of numbers when it reads a stored Run, a journal or an answer of the
# probe. The bounds reject values that no parse can have and that break arithmetic, such as a time
# of 10**400 microseconds. 10**16 microseconds are 317 years, a little more than a thread can sleep.
MOST = 10**16

Whole = Annotated[int, Meta(ge=-MOST, le=MOST)]
Count = Annotated[int, Meta(ge=0, le=MOST)]
# How often something happened that is recorded because it happened.
Occurrences = Annotated[int, Meta(ge=1, le=MOST)]
# Positions in a table. -1 stands for none or for the DAG file, -2 for an unknown importer.
Position = Annotated[int, Meta(ge=0, le=MOST)]
Outer = Annotated[int, Meta(ge=-1, le=MOST)]
Importer = Annotated[int, Meta(ge=-2, le=MOST)]
# The line numbers that a code object can hold. Generated code may have negative ones.
LineNumber = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
# Milliseconds. A difference of two times may be negative.
Ms = Annotated[float, Meta(ge=0, le=MOST)]
Factor = Annotated[float, Meta(ge=0, le=1000)]
SignedMs = Annotated[float, Meta(ge=-MOST, le=MOST)]
Seconds = Annotated[float, Meta(ge=0, le=MOST)]


class Frozen(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=False
):
    """The base class of all values. Values are immutable and are built by keyword. Unknown fields
    from a newer version of dagprof are ignored.
    """


class Doubt(Frozen, frozen=True):
    """A reason why a number is less certain. ``code`` is a stable name. ``text`` is one sentence
    for people.
    """

    code: str
    text: str


# The code of doubts about parse times that dagprof composed from measured parts.
COMPOSED = "composed"


class Place(Frozen, frozen=True, array_like=True, order=True):
    """A line of the user's code. If the file is below ``Run.root``, ``file`` is relative to
    ``Run.root``.
    """

    file: str
    line: LineNumber

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"
