"""Decides whether a name announces a secret. The names are names of settings, fields, flags,
headers and document keys.

The last word of a name says what the value is. ``db_password`` is a password, and
``password_policy`` is a policy. If the last word gives no answer, the value decides.
"""

from __future__ import annotations

import enum
import re
from functools import lru_cache

from dagprof.redaction import wordlists


class Strength(enum.IntEnum):
    """How certainly a name announces a secret. With ``MAYBE``, the value is a secret only if the
    value looks random.
    """

    NO = 0
    MAYBE = 1
    SURE = 2


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_STEMS = re.compile("|".join(sorted(wordlists.STEMS, key=lambda stem: (-len(stem), stem))))
_LONGEST = 200


def is_secret(name: str) -> bool:
    """Whether the name of a setting, Variable or field shows that its value is a secret."""
    return strength(name) is Strength.SURE


@lru_cache(maxsize=4096)
def strength(name: str) -> Strength:
    """How certainly a name announces a secret."""
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
    """Whether the value is a URL that is not a secret. ``token_url`` is the URL that issues tokens.
    The URL of a webhook is a secret.
    """
    return not {"url", "uri"}.isdisjoint(after) and word not in ("webhook", "dsn", "sas")


def _words(name: str) -> list[str]:
    """The words of a name in lower case. A secret word is separated from attached letters."""
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
    """How certainly one word of a name announces a secret."""
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
