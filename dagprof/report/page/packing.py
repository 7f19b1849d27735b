"""The encoding of data in the page. The index is plain JSON. Data that users rarely open are
compressed in pieces.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable, Iterator

from dagprof.surrogates import encoded

# Characters of JSON in one piece: few enough that a browser unpacks the piece before a user
# notices.
PIECE = 400_000
_LEVEL = 6


def plain(value: object) -> str:
    """JSON text that is safe inside a script element, because the text contains no tags."""
    text = encoded(value).decode("utf-8")
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def packed(text: bytes) -> str:
    """The text, compressed and encoded in characters that need no escaping. The same input always
    gives the same output.
    """
    return base64.b64encode(gzip.compress(text, _LEVEL, mtime=0)).decode("ascii")


def packed_value(value: object) -> str:
    """A value as compressed JSON."""
    return packed(encoded(value))


def pieces(values: Iterable[object]) -> Iterator[tuple[int, str]]:
    """The values in compressed lists of about ``PIECE`` characters, each with the number of values
    in the list.
    """
    waiting: list[bytes] = []
    size = 0
    for value in values:
        waiting.append(encoded(value))
        size += len(waiting[-1])
        if size >= PIECE:
            yield _piece(waiting)
            waiting, size = [], 0
    if waiting:
        yield _piece(waiting)


def _piece(values: list[bytes]) -> tuple[int, str]:
    return len(values), packed(b"[" + b",".join(values) + b"]")
