"""The results of one machine as if another machine had measured them."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from dagprof.model.base import Frozen

Result = TypeVar("Result", bound=Frozen)


def scaled(result: Result, factor: float) -> Result:
    """The result with all its times multiplied by ``factor``. Fields that hold times have names
    with the ending ``_ms`` or ``_us``.
    """
    changes = {
        name: _scaled(getattr(result, name), factor, is_time=name.endswith(("_ms", "_us")))
        for name in result.__struct_fields__
    }
    changed: Result = msgspec.structs.replace(result, **changes)
    return changed


def _scaled(value: Any, factor: float, *, is_time: bool) -> Any:
    if isinstance(value, Frozen):
        return scaled(value, factor)
    if isinstance(value, tuple):
        return tuple(_scaled(each, factor, is_time=is_time) for each in value)
    if not is_time or value is None:
        return value
    return round(value * factor) if isinstance(value, int) else round(value * factor, 3)
