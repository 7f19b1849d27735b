"""Finds known secret values in any text and in any spelling."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from html import escape
from urllib.parse import quote, quote_plus

from dagprof.redaction import wordlists
from dagprof.redaction.finding.tokens import Span
from dagprof.redaction.shapes import is_number, is_path, looks_random

# A shorter value could be part of any word. Up to ``_SHORT`` it counts where it is a word.
_SHORTEST = 4
_SHORT = 7
_SHORTEST_LINE = 16
# So much of a value at the end of a text is one that was cut.
_FEWEST_AT_END = 6
_SHORTEST_IN_BASE64 = 8
_LONGEST = 100_000
_ESCAPE = re.compile(r"(?:%[0-9A-Fa-f]{2}|\\[nrt])\Z")


class Known:
    """Finds known values and their other spellings: in quotes, in URLs, and in base64."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.values = sorted({part for value in values for part in _parts(value)})
        self._words = {value for value in self.values if _is_like_a_word(value)}
        spellings = {form for value in self.values for form in _spellings(value)}
        self._all = sorted({*self.values, *spellings})

    def __call__(self, text: str) -> Iterator[Span]:
        for value in self._all:
            place = text.find(value)
            while place >= 0:
                end = place + len(value)
                if value not in self._words or _is_apart(text, place, end):
                    yield place, end
                place = text.find(value, end)
        yield from self._cut(text)

    def _cut(self, text: str) -> Iterator[Span]:
        """The beginning of a known value at the end of the text. The text may have been cut inside
        the value.
        """
        for value in self.values:
            place = text.find(value[:_FEWEST_AT_END], max(0, len(text) - len(value) + 1))
            if place >= 0 and len(value) > _FEWEST_AT_END and value.startswith(text[place:]):
                yield place, len(text)


def _is_like_a_word(value: str) -> bool:
    is_word = value.isalpha() and (value[1:].islower() or value.isupper())
    return len(value) <= _SHORT or is_word or value.isdigit()


def _is_apart(text: str, start: int, end: int) -> bool:
    r"""Whether a place in a text is a complete word. An escape before the word, such as ``%3A`` or
    ``\n``, is not part of the word.
    """
    before, after = text[max(0, start - 3) : start], text[end : end + 1]
    if _ESCAPE.search(before):
        before = ""
    return not any(each.isalnum() or each == "_" for each in (*before[-1:], *after))


def _parts(value: str) -> Iterator[str]:
    """A value without surrounding white space. For a value with several lines, or a list with
    commas, also its random lines or items.
    """
    whole = value.strip()
    lines = [line.strip() for line in whole.splitlines()] if "\n" in whole else []
    items = [item.strip() for item in whole.split(",")] if "," in whole else []
    for part in (whole, *(each for each in (*lines, *items) if looks_random(each, _SHORTEST_LINE))):
        if len(part) <= _LONGEST and is_telling(part):
            yield part


def is_telling(value: str) -> bool:
    """Whether a search for a value makes sense. The value must be long enough, and must not be a
    common word, a number or a path.
    """
    if len(value) < _SHORTEST or value.lower() in wordlists.COMMON or value.startswith("-----"):
        return False
    return not is_number(value) and not is_path(value) and len(set(value)) > 2


def _spellings(value: str) -> set[str]:
    found = {
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        repr(value.encode("utf-8", "replace"))[2:-1],
        shlex.quote(value),
        escape(value),
    }
    return {*(found - {value}), *_in_base64(value)}


def _in_base64(value: str) -> set[str]:
    """The base64 forms of a value at any position of the encoded text. An example is a password
    that follows its user.
    """
    data = value.encode("utf-8", "replace")
    if len(data) < _SHORTEST_IN_BASE64:
        return set()
    found: set[str] = set()
    for shift in range(3):
        # The letters at both ends hold bits of what is before and behind.
        text = base64.b64encode(b"\0" * shift + data).decode("ascii").rstrip("=")
        whole = (shift + len(data)) % 3 == 0
        inner = text[(0, 2, 3)[shift] : len(text) if whole else len(text) - 1]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found
