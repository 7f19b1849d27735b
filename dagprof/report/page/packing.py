"""The encoding of values inside the page: the index is JSON; values that a user rarely opens are
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
    """JSON that is safe inside a script element, because no tag can begin in it."""
    text = encoded(value).decode("utf-8")
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def packed(text: bytes) -> str:
    """The text, compressed and encoded in characters that need no escaping. The same text always
    gives the same result.
    """
    return base64.b64encode(gzip.compress(text, _LEVEL, mtime=0)).decode("ascii")


def packed_value(value: object) -> str:
    """A value as packed JSON."""
    return packed(encoded(value))


def pieces(values: Iterable[object]) -> Iterator[tuple[int, str]]:
    """The values as packed lists of about ``PIECE`` characters each, with the number of values in
    each list.
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
