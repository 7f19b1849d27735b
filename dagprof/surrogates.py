"""Text that no UTF-8 file can hold: lone surrogates, as names that are no UTF-8 have them."""

from __future__ import annotations

from typing import Any


def without_surrogates(value: Any) -> Any:
    """The same JSON value with lone surrogates written out as escapes; tuples become lists."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, (list, tuple)):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return value
