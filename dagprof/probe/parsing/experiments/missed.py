"""Records names that an experiment removed but that code still asks for. Code may catch the error
and go on with something else.

Python looks up a name in the module's builtins last. It asks the module's ``__getattr__`` (PEP 562)
last for an attribute.
"""

from __future__ import annotations

import builtins
import sys
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Callable

from ... import bounds, origin

if TYPE_CHECKING:
    from ...protocol.rows import LineRow


class Missed:
    """Watches modules while they are executed. That makes code slower, so timed parses do without.

    Each of ``rows`` is a name, with file and line of the code that asked for it.
    """

    def __init__(self) -> None:
        self.rows: list[LineRow] = []

    def watch(self, module: ModuleType, file: str, names: frozenset[str] | None) -> None:
        """Record requests for these names. With None (after ``import *``), record requests for all
        names that do not exist.
        """
        namespace = vars(module)
        namespace["__builtins__"] = _Builtins(self._note, file, names)
        if names is not None:
            namespace.setdefault("__getattr__", self._getattr(module.__name__, names))

    def _note(self, name: str, frame: FrameType) -> None:
        if len(self.rows) < bounds.MISSED_NAMES:
            file = bounds.cut(frame.f_code.co_filename, bounds.PATH)
            self.rows.append([bounds.cut(bounds.plain(name), bounds.NAME), file, frame.f_lineno])

    def _getattr(self, module: str, names: frozenset[str]) -> Callable[[str], object]:
        def module_getattr(name: str) -> object:
            frame = sys._getframe(1)
            if name in names and origin.of_file(frame.f_code.co_filename) == origin.USER:
                self._note(name, frame)
            raise AttributeError("module %r has no attribute %r" % (module, name))

        return module_getattr


class _Builtins(dict):  # type: ignore[type-arg]
    """The builtins, for the code of one file."""

    def __init__(
        self, note: Callable[[str, FrameType], None], file: str, names: frozenset[str] | None
    ) -> None:
        super().__init__(vars(builtins))
        self._note, self._file, self._names = note, file, names

    def __missing__(self, name: str) -> object:
        if name in vars(builtins):
            return vars(builtins)[name]
        frame = sys._getframe(1)
        if frame.f_code.co_filename == self._file and (self._names is None or name in self._names):
            self._note(name, frame)
        raise KeyError(name)
