"""Functions in the place of builtins."""

from __future__ import annotations

import functools
from typing import Any, Callable


class Builtin:
    """Calls ``function`` in the place of the builtin ``ordinary``.

    Like a builtin, and unlike a function of Python, it does not become a method in a class. Names
    and documentation are those of the builtin.
    """

    def __init__(self, ordinary: Callable[..., Any], function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, ordinary, updated=())
        self._function = function

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._function(*arguments, **named)
