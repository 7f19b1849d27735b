"""Handles lone surrogates, which no UTF-8 file can hold. They occur in names that are not valid
UTF-8.
"""

from __future__ import annotations

from typing import Any

import msgspec


def encoded(value: object) -> bytes:
    """A value as JSON in UTF-8, with lone surrogates as escapes."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(without_surrogates(msgspec.to_builtins(value)))


def without_surrogates(value: Any) -> Any:
    """The same JSON value with lone surrogates written as escapes; tuples become lists."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, (list, tuple)):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return value
