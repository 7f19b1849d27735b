"""The results of one machine as if another machine had measured them."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from dagprof.model.base import MOST, Frozen

Result = TypeVar("Result", bound=Frozen)


def scaled(result: Result, factor: float) -> Result:
    """The result with all its times multiplied by ``factor``. Fields that hold times have names
    with the ending ``_ms`` or ``_us``.
    """
    plain = msgspec.to_builtins(result)
    # No recursion, because a call stack is nested as deep as the calls of a DAG file.
    waiting: list[Any] = [plain]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            for name, value in node.items():
                if name.endswith(("_ms", "_us")):
                    node[name] = _times(value, factor)
                elif isinstance(value, dict | list | tuple):
                    waiting.append(value)
        else:
            waiting += [each for each in node if isinstance(each, dict)]
    changed: Result = msgspec.convert(plain, type(result))
    return changed


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, list | tuple):
        return [_times(each, factor) for each in value]
    if value is None:
        return None
    product = max(-MOST, min(MOST, value * factor))
    return round(product) if isinstance(value, int) else round(product, 3)
