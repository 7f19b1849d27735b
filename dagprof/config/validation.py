"""Checks one value of a configuration against the field of its struct. The error message names the
source of the value.
"""

from __future__ import annotations

import contextlib
import enum
import re
import reprlib
import types
import typing
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from dagprof.config.policy import Override, Waiver
from dagprof.errors import UsageError

_Kind = TypeVar("_Kind")

# Valid values for the fields that a struct requires besides the checked one.
COMPANIONS: dict[type, dict[str, object]] = {
    Override: {"files": ["*"]},
    Waiver: {"files": ["*"], "rule": "slower", "reason": "given", "until": "2000-01-01"},
}
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "a boolean",
    "array": "a list",
    "object": "a table",
    "date": "a date",
    "datetime": "a date with a time",
    "time": "a time of day",
}


_short = reprlib.Repr()
_short.maxstring = 80


def value(shape: type[msgspec.Struct], field: str, given: object, where: str, key: str) -> object:
    """One value in the type of its field. The struct of the field checks the value; all other
    fields get valid values.

    :raises UsageError: the value is impossible; ``where`` and ``key`` name its source.
    """
    if isinstance(given, str) and is_list(shape, field):
        given = [given]
    for kind in _kinds(shape, field):
        _check_choice(given, kind, where, key)
    companions = {"isolation": "spawn"} if field == "temperature" else COMPANIONS.get(shape, {})
    encoded = _field(shape, field).encode_name
    checked: object = getattr(converted({**companions, encoded: given}, shape, where, key), field)
    return checked


def converted(given: object, kind: type[_Kind], where: str, key: str) -> _Kind:
    """A value converted to a type.

    :raises UsageError: the value has another type.
    """
    _check_choice(given, kind, where, key)
    try:
        return msgspec.convert(given, kind, strict=False)
    except (msgspec.ValidationError, UsageError) as error:
        raise UsageError(_sentence(where, key, _complaint(str(error)))) from error
    except UnicodeEncodeError as error:
        raise UsageError(_sentence(where, key, "the value is not UTF-8 text")) from error
    except RecursionError as error:
        raise UsageError(_sentence(where, key, "the value is nested too deeply")) from error


def is_list(shape: type[msgspec.Struct], field: str) -> bool:
    """Whether a field holds a list of texts. A single text may then stand without brackets."""
    return any(typing.get_origin(kind) is tuple for kind in _kinds(shape, field))


def word_of(given: object) -> str:
    """The kind of a TOML value, in words."""
    kinds = (
        (bool, "bool"),
        (str, "str"),
        (Mapping, "object"),
        (list, "array"),
        (int, "int"),
        (float, "float"),
    )
    return next((_WORDS[word] for kind, word in kinds if isinstance(given, kind)), "a date or time")


def shown(key: str) -> str:
    """An unknown key, made safe to show."""
    text = key if key.isprintable() else repr(key)[1:-1]
    return text if len(text) <= 80 else text[:79] + "…"


def _field(shape: type[msgspec.Struct], name: str) -> msgspec.structs.FieldInfo:
    return next(field for field in msgspec.structs.fields(shape) if field.name == name)


def _kinds(shape: type[msgspec.Struct], field: str) -> tuple[object, ...]:
    """The types that a field may have, one by one."""
    kind = _field(shape, field).type
    return (
        typing.get_args(kind)
        if typing.get_origin(kind) in (types.UnionType, typing.Union)
        else (kind,)
    )


def _check_choice(given: object, kind: object, where: str, key: str) -> None:
    choices = typing.get_args(kind) if typing.get_origin(kind) is typing.Literal else ()
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        choices = tuple(member.value for member in kind)
        with contextlib.suppress(ValueError):
            given = kind(given).value  # an earlier name of a choice
    if choices and isinstance(given, str) and given not in choices:
        raise UsageError(
            _sentence(where, key, f"{_short.repr(given)} is not one of {', '.join(choices)}")
        )


def _sentence(where: str, key: str, complaint: str) -> str:
    """The whole message. If the problem is the key's own value, the key is the subject."""
    subject = _subject(where, key)
    demand = re.fullmatch(r"`[\w-]+` (must .*)", complaint, flags=re.DOTALL)
    return f"{subject} {demand[1]}." if demand else f"Invalid value for {subject}: {complaint}."


def _subject(where: str, key: str) -> str:
    """The setting as its user wrote it: an option, an environment variable, or a key in a file."""
    if where.endswith("the options"):
        # Option names do not contain the unit.
        return "--" + re.sub(r"_(s|ms|mib)$", "", key).replace("_", "-")
    return key if where == "the environment" else f"`{key}` in {where}"


def _complaint(text: str) -> str:
    """The converter's message, in words that people who write TOML know."""
    text = text.split(" - at `$", maxsplit=1)[0].rstrip(".")
    if not text.startswith("Expected `"):
        return text.replace(
            "Invalid RFC3339 encoded date", "not a date; write dates like 2026-12-31"
        )
    text = text.replace(" | null", "").replace("Expected", "expected")
    return re.sub(r"`(\w+)`", lambda match: _WORDS.get(match[1], match[0]), text)
