"""Decides whether a literal is a secret itself. Masking hides more: there, a doubtful value counts
as a secret.
"""

from __future__ import annotations

import re

from dagprof.redaction.names import is_secret
from dagprof.redaction.shapes import is_ordinary

# A value under such a name is a password, however simple it is.
_PASSWORD = re.compile(r"(?:pass(?:word|wd|phrase|code)?|pwd)s?[^a-z]*\Z", re.IGNORECASE)
# The name of something: words, perhaps with a number, and signs between them.
_NAME = re.compile(r"[A-Za-z]+[0-9]{0,4}(?:[-_./: ]+(?:[A-Za-z]+[0-9]{0,4}|[0-9]{1,4}))*[-_./]*")
_LONGEST_WORD = 24
_MOST_WORDS = 2


def is_credential(name: str, value: str) -> bool:
    """Whether ``value``, under this name, is a secret. It is none if it names a secret that is kept
    elsewhere, such as ``secret="airflow-secrets"``.
    """
    if not is_secret(name) or is_ordinary(value) or len(value.split()) > _MOST_WORDS:
        return False
    return _PASSWORD.search(name) is not None or not _names_something(value)


def _names_something(value: str) -> bool:
    words = re.split(r"[^A-Za-z0-9]+", value)
    return _NAME.fullmatch(value) is not None and max(map(len, words)) <= _LONGEST_WORD
