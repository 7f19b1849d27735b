"""A library, and how to tell that a call belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Call(NamedTuple):
    """A call at the top level: its text, the modules whose functions imported others during the
    call, and the number of modules that only this call loads.
    """

    called: str
    executors: tuple[str, ...]
    modules: int


class Library(NamedTuple):
    """``calls`` are endings of the called name, and ``package`` is a package whose functions do the
    imports of a call. ``advise`` gives the advice. ``source`` is the address of the facts.
    """

    calls: tuple[str, ...]
    package: str
    advise: Callable[[Call], str]
    source: str

    def is_called(self, call: Call) -> bool:
        """Whether a call belongs to this library."""
        names = call.called.split(".")
        is_named = any(names[-len(parts) :] == parts for parts in map(_parts, self.calls))
        inside = (name for name in call.executors if self.package)
        return is_named or any(f"{name}.".startswith(f"{self.package}.") for name in inside)


def _parts(dotted: str) -> list[str]:
    return dotted.split(".")


def always(text: str) -> Callable[[Call], str]:
    """The same advice for every call."""
    return lambda call: text
