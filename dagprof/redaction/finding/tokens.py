"""Finds tokens by the prefix of their issuer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from dagprof.redaction.shapes import is_varied

Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]

ALNUM = "A-Za-z0-9"
WORD = "A-Za-z0-9_"
URL_SAFE = "A-Za-z0-9_-"
HEX = "0-9a-f"
BASE64 = "A-Za-z0-9+/=_-"
# A token begins a word. An escape of a URL before it, such as ``%3A``, is no part of the word.
STARTS_WORD = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))"


class Tokens:
    """Finds a prefix that is followed by at least ``least`` of ``letters``. ``beginnings`` lists
    the prefixes, separated by spaces. ``is_varied`` accepts only texts with digits, or with capital
    letters among lower-case letters, because prose can contain the prefix.

    A match ends at the first character that is not in ``letters``. The search therefore reads each
    character only once.
    """

    def __init__(
        self, beginnings: str, *, letters: str, least: int, is_varied: bool = False
    ) -> None:
        self._beginnings = beginnings.split()
        self._is_varied = is_varied
        either = "|".join(map(re.escape, sorted(self._beginnings, key=len, reverse=True)))
        self._pattern = re.compile(f"{STARTS_WORD}(?:{either})([{letters}]{{{least},}})")

    def __call__(self, text: str) -> Iterator[Span]:
        if not any(beginning in text for beginning in self._beginnings):
            return
        for match in self._pattern.finditer(text):
            if not self._is_varied or is_varied("." + match[1]):
                yield match.span()


class Shaped:
    """Finds a regular expression in texts that contain one of ``needs``. The groups of the
    expression are the secrets. Without groups, the whole match is the secret.

    Each repetition in the expression has an upper bound. One exception is allowed: a repetition at
    the end of the expression.
    """

    def __init__(self, pattern: str, *, needs: tuple[str, ...], flags: int = 0) -> None:
        self._needs = needs
        self._pattern = re.compile(pattern, flags)
        self._groups = range(1, self._pattern.groups + 1) or (0,)

    def __call__(self, text: str) -> Iterator[Span]:
        if not any(needed in text for needed in self._needs):
            return
        for match in self._pattern.finditer(text):
            yield from (match.span(group) for group in self._groups if match[group] is not None)


def web_tokens(text: str) -> Iterator[Span]:
    """JSON web tokens: base64 of ``{"``, followed by further parts after dots."""
    place = text.find("eyJ")
    while place >= 0 and (match := _WEB_TOKEN.search(text, place)) is not None:
        place = match.end()
        rest = _MORE_PARTS.match(text, place)
        if rest is not None:
            place = rest.end()
            yield match.start(), place


_WEB_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8,}")
_MORE_PARTS = re.compile(r"\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_.-]*)?")


def blocks(text: str) -> Iterator[Span]:
    """Private keys and encrypted messages between lines of dashes. If the last line is missing, the
    secret extends to the end of the text.
    """
    start = 0
    while (begin := _BEGIN.search(text, start)) is not None:
        end = _END.search(text, begin.end())
        if end is not None:
            yield begin.start(), end.end()
            start = end.end()
            continue
        if _BODY.match(text, begin.end()):
            yield begin.start(), len(text)
        return


_LABEL = r"[A-Z0-9 ]{0,40}(?:PRIVATE KEY(?: BLOCK)?|PGP MESSAGE)"
_BEGIN = re.compile(
    rf"-{{4,5}} ?BEGIN {_LABEL} ?-{{4,5}}|PuTTY-User-Key-File-[0-9]: |Private-Lines: [0-9]+"
)
_END = re.compile(rf"-{{4,5}} ?END {_LABEL} ?-{{4,5}}|Private-MAC: [0-9a-f]*")
# Line ends may be written as escapes, and headers may come first.
_BODY = re.compile(
    r"(?:\s|\\[nr]|['\"+,]|[A-Za-z-]{1,30}: [^\n\\]{0,200}(?:\n|\\n)){0,40}[A-Za-z0-9+/=]{16}"
)


def long_keys(text: str) -> Iterator[Span]:
    """Base64 texts with the length of common keys: 64 bytes (Azure) and 40 characters (AWS)."""
    for match in _LONG_KEY.finditer(text):
        found = match[0]
        is_azure = len(found) == _AZURE and found.endswith("==")
        if is_azure or (len(found) == _AWS and _is_aws(found)):
            yield match.span()


_LONG_KEY = re.compile(r"(?<![A-Za-z0-9+/=_.-])[A-Za-z0-9+/]{40,}={0,2}(?![A-Za-z0-9_.-])")
_AZURE, _AWS = 88, 40


def _is_aws(text: str) -> bool:
    is_mixed = text.lower() != text and text.upper() != text
    changes = re.findall(r"[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])", text)
    return is_mixed and len(changes) >= 4 and ("/" in text or "+" in text)
