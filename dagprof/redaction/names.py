"""Which names announce a secret: of settings, fields, flags, headers, keys of a document.

A name is read as English reads it: the last word says what the value is. ``db_password`` is a
password and ``password_policy`` is a policy. A name that ends in neither kind of word may hold a
secret, and then its value decides.
"""

from __future__ import annotations

import enum
import re
from functools import lru_cache

from dagprof.redaction import wordlists


class Strength(enum.IntEnum):
    """How sure a name is. ``MAYBE``: the value is secret if it looks random."""

    NO = 0
    MAYBE = 1
    SURE = 2


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_STEMS = re.compile("|".join(sorted(wordlists.STEMS, key=lambda stem: (-len(stem), stem))))
_LONGEST = 200


def is_secret(name: str) -> bool:
    """Whether the value of a setting, a Variable or a field may appear nowhere, by its name."""
    return strength(name) is Strength.SURE


@lru_cache(maxsize=4096)
def strength(name: str) -> Strength:
    """How surely the value behind a name is a secret."""
    words = _words(name)
    last = max((place for place in range(len(words)) if _kind(words, place)), default=-1)
    if last < 0:
        return Strength.NO
    before, after = words[last - 1] if last else "", words[last + 1 :]
    if before in wordlists.ABOUT_BEFORE or not wordlists.ABOUT_AFTER.isdisjoint(after):
        return Strength.NO
    if _is_address(words[last], after):
        return Strength.NO
    if all(word in wordlists.VARIANTS or word.isdigit() or len(word) == 1 for word in after):
        return _kind(words, last)
    return Strength.MAYBE


def _is_address(word: str, after: list[str]) -> bool:
    """``token_url`` is where tokens come from; the URL of a webhook is the secret itself."""
    return not {"url", "uri"}.isdisjoint(after) and word not in ("webhook", "dsn", "sas")


def _words(name: str) -> list[str]:
    """The words of a name in lower case; a secret's word is split from what it is glued to."""
    words: list[str] = []
    for word in _WORDS.findall(name[-_LONGEST:]):
        folded = word.lower()
        stem = _STEMS.search(folded)
        if stem is None:
            words.append(folded)
        else:
            rest = folded[stem.end() :]
            words += [stem[0], rest] if rest not in ("", "s") else [stem[0]]
    return words


def _kind(words: list[str], place: int) -> Strength:
    """What one word of a name says about its value."""
    word = words[place]
    single = word[:-1] if word.endswith("s") and not word.endswith("ss") else word
    if word in wordlists.SECRETS or single in wordlists.SECRETS or word in wordlists.STEMS:
        return Strength.SURE
    if word.endswith(wordlists.ENDINGS) and word not in wordlists.WITHOUT_THAT_ENDING:
        return Strength.SURE
    if single == "key":
        return _kind_of_key(words[place - 1] if place else "")
    return Strength.MAYBE if word in wordlists.DOUBTFUL else Strength.NO


def _kind_of_key(what: str) -> Strength:
    if not what or what in wordlists.DATA_KEYS:
        return Strength.NO
    return Strength.SURE if what in wordlists.KEYS else Strength.MAYBE
