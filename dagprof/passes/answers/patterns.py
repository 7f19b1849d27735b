"""Writes a text that a regular expression matches."""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from collections.abc import Iterable
from typing import Any

_LONGEST = 300
_CHARACTERS = "2aA-_./: @"
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


def example(pattern: str) -> str | None:
    """A text that the pattern probably matches; None if the pattern is invalid or asks for a long
    text. Nothing runs the pattern here: patterns of hostile files can take hours.
    """
    name = "re._parser" if sys.version_info >= (3, 11) else "sre_parse"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = _Writer().written(importlib.import_module(name).parse(pattern))
    except (re.error, OverflowError, RecursionError, ImportError, AttributeError, ValueError):
        return None
    return text or None


class _Writer:
    """Writes a text for the parts of a parsed pattern. Raise OverflowError if it becomes long."""

    def __init__(self) -> None:
        self._groups: dict[object, str] = {}

    def written(self, parts: Iterable[tuple[object, Any]]) -> str:
        text = ""
        for kind, value in parts:
            text += self._one(str(kind), value)
            if len(text) > _LONGEST:
                raise OverflowError
        return text

    def _one(self, kind: str, value: Any) -> str:
        if kind == "LITERAL":
            return chr(value)
        if kind == "NOT_LITERAL":
            return next(each for each in _CHARACTERS if ord(each) != value)
        if kind == "ANY":
            return "2"
        if kind == "IN":
            return _of_set(value)
        if kind == "BRANCH":
            return self.written(value[1][0])
        if kind == "SUBPATTERN":
            self._groups[value[0]] = text = self.written(value[3])
            return text
        if kind == "ATOMIC_GROUP":
            return self.written(value)
        if kind == "GROUPREF":
            return self._groups.get(value, "")
        if kind in _REPEATS:
            return self._repeated(*value)
        return ""  # an assertion, the start or the end of the text

    def _repeated(self, least: int, most: int, parts: Iterable[tuple[object, Any]]) -> str:
        count = min(max(least, 3), most)
        if count > _LONGEST:
            raise OverflowError
        return self.written(parts) * count


def _of_set(items: list[tuple[object, Any]]) -> str:
    """One character of a set such as ``[a-z_]``."""
    is_negated = str(items[0][0]) == "NEGATE"
    for each in _CHARACTERS:
        if any(_holds(str(kind), value, each) for kind, value in items) is not is_negated:
            return each
    kind, value = items[0]
    first = value[0] if str(kind) == "RANGE" else value
    return chr(first) if isinstance(first, int) else ""


def _holds(kind: str, value: Any, character: str) -> bool:
    if kind == "LITERAL":
        return bool(ord(character) == value)
    if kind == "RANGE":
        return bool(value[0] <= ord(character) <= value[1])
    if kind == "CATEGORY":
        name = str(value).replace("UNI_", "").replace("LOC_", "")
        probe = {"DIGIT": character.isdigit(), "SPACE": character.isspace()}
        probe["WORD"] = character.isalnum() or character == "_"
        negative = name.startswith("CATEGORY_NOT_")
        return probe.get(name.rpartition("_")[2], False) is not negative
    return False
