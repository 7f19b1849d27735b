"""Classifies the form of a value: random text, ordinary word, placeholder, path or code."""

from __future__ import annotations

import re

from dagprof.redaction import wordlists
from dagprof.redaction.names import Strength, strength

_TYPES = re.compile(
    r"(?:typing\.)?(?:Optional|Union|Annotated|List|Dict|list|dict|SecretStr|Secret|str|bytes)\s*[\[|]"
)
_PLACEHOLDER = re.compile(
    r"""\$\{[^{}]*\}?|\$\([^()]*\)?|\$[A-Z_][A-Z0-9_]*|\{\{.*|\{%.*|\{[a-z_][a-z0-9_.!:\[\]]*\}
    |<[A-Za-z_/][^<>]*>?|%[sr]|%\(\w*(?:\)s?)?|\*{3,}.*|\.{3}|…|x{3,}|X{3,}|\[[A-Za-z ]*\]""",
    re.VERBOSE | re.DOTALL,
)
_PATH = re.compile(r"(?:~|\.{1,2})?/(?:[\w@:.-]+/)*[\w@:.-]*|[A-Za-z]:\\.*")
_ROOTS = re.compile(
    r"(?:~|\.{1,2})/|/(?:app|bin|data|dev|etc|home|lib|mnt|opt|private|proc|root|run|secrets|srv|sys"
    r"|tmp|usr|Users|var|vault|workspace|workspaces)(?:/|$)"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{24,}|[0-9A-F]{24,}")
_BETWEEN_LETTER_AND_DIGIT = re.compile(r"[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])")
_SMALL_THEN_CAPITAL = re.compile(r"[a-z](?=[A-Z])")
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_CALL = re.compile(r"[A-Za-z_][\w.]*[(\[](?:['\")\]*]|[A-Za-z_]|$)")
_NUMBER = re.compile(
    r"[+-]?[0-9][0-9_]{0,5}(?:\.[0-9]{1,6})?(?:ms|s|m|h|d|k|K|M|G|B|KB|MB|GB|Ki|Mi|Gi|%)?"
)
# ``db_password``, ``DB_PASSWORD``, ``conn.password`` and ``apiKey``; a password is seldom like it.
_IDENTIFIER = re.compile(
    r"[a-z]+(?:[_.][a-z]+)+|[A-Z]+(?:_[A-Z]+)+|[a-z]+[A-Z][a-z]+|[Xx]-[A-Za-z-]+"
)
_FEWEST_CHANGES = 3
_SHORTEST_OF_LETTERS = 20


def looks_random(text: str, least: int = 12) -> bool:
    """Whether a program generated the text. Letters and digits, or lower-case and capital letters,
    alternate more often than in a word, version or date. UUIDs do not count, because UUIDs are
    identifiers.
    """
    if len(text) < least or _DATE.match(text) or _UUID.fullmatch(text):
        return False
    if _PATH.fullmatch(text) or "://" in text or text.startswith("arn:"):
        return False
    if _HEX.fullmatch(text):
        return not text.isalpha() and not text.isdigit()
    if len(_BETWEEN_LETTER_AND_DIGIT.findall(text)) >= _FEWEST_CHANGES:
        return True
    has_digit = any(character.isdigit() for character in text)
    is_mixed = len(_SMALL_THEN_CAPITAL.findall(text)) >= _FEWEST_CHANGES
    return len(text) >= _SHORTEST_OF_LETTERS and has_digit and is_mixed


def may_be_made_up(word: str) -> bool:
    """Whether a program may have generated the word. One digit, or several capital letters inside
    the word, are enough.
    """
    if not word.isalnum() or word.isdigit():
        return False
    return any(map(str.isdigit, word)) or len(_SMALL_THEN_CAPITAL.findall(word)) > 1


def is_varied(text: str) -> bool:
    """Whether the text after its first character has at least two of these: digits, lower-case
    letters, capital letters. Ordinary words have only one of these.
    """
    rest = text[1:]
    return (
        any(character.isdigit() for character in rest)
        + any("a" <= character <= "z" for character in rest)
        + any("A" <= character <= "Z" for character in rest)
    ) >= 2


def is_ordinary(value: str) -> bool:
    """Whether a quoted value is not a secret: a common word, a placeholder, a path, or the name of
    a secret.
    """
    stripped = value.strip()
    return (
        stripped.lower() in wordlists.ORDINARY
        or not stripped
        or _PLACEHOLDER.fullmatch(stripped) is not None
        or is_path(stripped)
        or _names_a_secret(stripped)
    )


def is_path(value: str) -> bool:
    """Whether a value is a path to a file. The path starts at a common system folder, at the home
    folder, or at a relative folder.
    """
    return _ROOTS.match(value) is not None and _PATH.fullmatch(value) is not None


def is_code(value: str) -> bool:
    """Whether an unquoted value is an expression: a call, an attribute, or another name."""
    if _CALL.match(value) or _TYPES.match(value):
        return True
    if not _NAME.fullmatch(value):
        return False
    first, _, rest = value.partition(".")
    is_attribute = bool(rest) and (
        first.lower() in wordlists.OWNERS or not any(map(str.isdigit, value))
    )
    return is_attribute or _names_a_secret(value)


def is_number(value: str) -> bool:
    """Whether a value is a number, a duration or a size, such as ``4096``, ``3.5`` or ``30s``."""
    return _NUMBER.fullmatch(value) is not None


def _names_a_secret(value: str) -> bool:
    """Whether the value is the name of a secret, as in ``password=db_password``."""
    return _IDENTIFIER.fullmatch(value) is not None and strength(value) > Strength.NO
