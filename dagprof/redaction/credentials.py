"""Decides whether a literal is a secret itself. Masking hides more: there, a doubtful value counts
as a secret.
"""

from __future__ import annotations

import re

from dagprof.redaction.names import is_secret
from dagprof.redaction.shapes import is_ordinary

# A value under such a name is a password, however simple it is.
_PASSWORD = re.compile(r"(?:pass(?:word|wd|phrase|code)?|pwd)s?[^a-z]*\Z", re.IGNORECASE)
# A word of a name: small letters, perhaps after capitals or with more words like ``myToken``,
# perhaps with a number. A mixture of other letters and digits was generated.
_WORD = re.compile(
    r"(?:[A-Z]{1,12}|[A-Z]?[a-z]{2,})(?:[A-Z][a-z]{2,}|[A-Z]{2,5}(?![a-z]))*[0-9]{0,4}"
    r"|[a-z][0-9]{0,2}|[0-9]{1,4}"
)
# Under such a name, a secret is a part of an address, which has a form of its own.
_ADDRESS = re.compile(r"(?:dsn|ur[il]|host|server|endpoint)s?\Z", re.IGNORECASE)
_LONGEST_WORD = 24
_MOST_WORDS = 2
# What people write until there is a password.
_PLACEHOLDERS = frozenset(("changeme", "change-me", "change_me"))


def is_credential(name: str, value: str) -> bool:
    """Whether ``value``, under this name, is a secret. It is none if it names a secret that is kept
    elsewhere, such as ``secret="airflow-secrets"``.
    """
    if not is_secret(name) or is_ordinary(value) or len(value.split()) > _MOST_WORDS:
        return False
    if value.lower() in _PLACEHOLDERS or _ADDRESS.search(name):
        return False
    return _PASSWORD.search(name) is not None or not _names_something(value)


def _names_something(value: str) -> bool:
    words = [word for word in re.split(r"[-_./: ]+", value) if word]
    return all(_WORD.fullmatch(word) and len(word) <= _LONGEST_WORD for word in words)
