"""Records who registers exit handlers, and how long they take if the parsing process runs them."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Callable

from .late import LatePatches, replace
from .ledger import Ledger
from .processes import name_of

if TYPE_CHECKING:
    from .events import Key


class ExitWatch:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def install(self, late: LatePatches) -> None:
        late.add("atexit", self._patch)

    def _patch(self, module: ModuleType) -> None:
        ordinary = module.register

        def register(function: object, *args: object, **kwargs: object) -> object:
            key = self._ledger.note("exit-handler", name_of(function))
            if key is None or not callable(function):
                return ordinary(function, *args, **kwargs)
            ordinary(_Handler(self._ledger, key, function), *args, **kwargs)
            return function

        replace(module, "register", register)


class _Handler:
    """Replaces a registered function. It equals the function, so that the function can be
    unregistered.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, ledger: Ledger, key: Key, function: Callable[..., object]) -> None:
        self._ledger, self._key, self._function = ledger, key, function

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._ledger.spending(self._key, self._function, *args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return bool(self._function == other)
