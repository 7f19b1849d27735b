"""The common parts of the messages: forms of rows, and bounds of texts."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from dagprof.model.base import LineNumber

# The most rows of one kind in one parse. No DAG file has so many statements, and no parse loads so
# many modules.
ROWS = Meta(max_length=100_000)
# Characters of names, paths and rows, and of messages. The probe cuts all of them, at less.
Short = Annotated[str, Meta(max_length=10_000)]
Long = Annotated[str, Meta(max_length=200_000)]
# A file and a line of it.
Line = tuple[Short, LineNumber]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Row(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    pass
