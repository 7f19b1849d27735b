"""Records changes of user code to its own process: environment, working directory, ``sys.path``,
signals, root logger, output.
"""

from __future__ import annotations

import functools
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable

from .. import bounds
from . import callers
from .late import LatePatches, Watched, replace
from .ledger import Ledger

if TYPE_CHECKING:
    from logging import Handler, Logger

    from .events import Arguments, Handlers, Key

_CHANGES = (
    "append",
    "insert",
    "extend",
    "remove",
    "pop",
    "clear",
    "reverse",
    "sort",
    "__iadd__",
    "__imul__",
    "__setitem__",
    "__delitem__",
)


class WatchedPath(list):  # type: ignore[type-arg]
    """A ``sys.path`` that reports each change. Copies and pickles of it are plain lists."""

    changed: Callable[[list[str], list[str]], None] = staticmethod(lambda before, after: None)

    def __reduce__(self) -> tuple[object, ...]:
        return list, (list(self),)


def _telling(name: str) -> Callable[..., object]:
    ordinary = getattr(list, name)

    @functools.wraps(ordinary)
    def change(path: WatchedPath, *args: object, **kwargs: object) -> object:
        if len(path) > bounds.SEARCH_PATH:
            return ordinary(path, *args, **kwargs)
        before = list(path)
        try:
            return ordinary(path, *args, **kwargs)
        finally:
            path.changed(before, list(path))

    return change


for _name in _CHANGES:
    setattr(WatchedPath, _name, _telling(_name))


class StateWatch:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._environment = dict(os.environ)
        self._folder = _folder()
        self._handlers: dict[int, object] = {}
        self._temporary: dict[Key | None, Callable[[], bool]] = {}
        self._path = sys.path
        self._known_path = list(sys.path)
        self._place: tuple[str, int] | None = None

    def events(self) -> Handlers:
        return {
            "os.putenv": self._on_variable,
            "os.unsetenv": self._on_variable,
            "os.chdir": self._on_chdir,
        }

    def install(self, late: LatePatches) -> None:
        self._environment, self._folder, self._known_path = (
            dict(os.environ),
            _folder(),
            list(sys.path),
        )
        watched = WatchedPath(sys.path)
        watched.changed = self._on_path_change
        self._path = sys.path = watched
        late.add("signal", self._patch_signal)
        late.add("logging", self._patch_logging)
        for name in ("stdout", "stderr"):
            self._watch_stream(name, getattr(sys, name))

    def _on_variable(self, args: Arguments) -> None:
        name = os.fsdecode(args[0])
        key = self._ledger.note("environment", name if len(args) > 1 else name + " (removed)")
        self._temporary[key] = lambda: os.environ.get(name) == self._environment.get(name)

    def _on_chdir(self, args: Arguments) -> None:
        key = self._ledger.note(
            "working-directory", "?" if isinstance(args[0], int) else os.fsdecode(args[0])
        )
        self._temporary[key] = lambda: _folder() == self._folder

    def _on_path_change(self, before: list[str], after: list[str]) -> None:
        caller = callers.find(sys._getframe(1))
        if caller is not None and not caller.is_airflows:
            self._tell_path(before, after, caller.file, caller.line)
        self._known_path = after

    def _tell_path(self, before: list[str], after: list[str], file: str, line: int) -> None:
        try:
            known, kept = set(before), set(after)
        except Exception:  # entries of a type without a hash
            return
        changes = [bounds.plain(entry) for entry in after if entry not in known]
        changes += ["%s (removed)" % bounds.plain(entry) for entry in before if entry not in kept]
        if not changes and after != before:
            changes = ["(order or repetitions)"]
        for change in changes:
            self._ledger.add("sys-path", change, file, line)

    def is_path_replaced(self) -> bool:
        return sys.path is not self._path and sys.path != self._known_path

    def checkpoint(self, file: str, line: int) -> None:
        """A statement begins. If ``sys.path`` is another list now, the statement before replaced
        it.
        """
        if self.is_path_replaced():
            where = self._place or (file, line)
            self._tell_path(self._known_path, list(sys.path), *where)
            self._known_path = list(sys.path)
        self._place = (file, line)

    def on_import(self) -> None:
        """Check ``sys.path`` as ``checkpoint`` does, but without the statement clock. The line is
        the last one before the import that names ``sys.path``.
        """
        if sys.path is self._path or sys.path == self._known_path:
            return
        caller = callers.find(sys._getframe(1))
        if caller is not None:
            self._tell_path(
                self._known_path, list(sys.path), caller.file, _line_naming("sys.path", caller)
            )
        self._known_path = list(sys.path)

    def _patch_signal(self, module: ModuleType) -> None:
        ordinary = module.signal

        def signal(signalnum: int, handler: object) -> object:
            before = ordinary(signalnum, handler)
            self._note_signal(module, signalnum, before)
            return before

        replace(module, "signal", signal)

    def _note_signal(self, module: ModuleType, number: int, before: object) -> None:
        first = self._handlers.setdefault(int(number), before)
        key = self._ledger.note("signal", module.Signals(number).name)
        self._temporary[key] = lambda: module.getsignal(number) == first

    def _patch_logging(self, module: ModuleType) -> None:
        root = module.RootLogger
        tell = self._ledger.note
        level = module.getLevelName

        def set_level(logger: Logger, new: int | str) -> None:
            before = logger.level
            module.Logger.setLevel(logger, new)
            if logger.level != before:
                tell("logger", "root level %s" % level(logger.level))

        def add_handler(logger: Logger, handler: Handler) -> None:
            if handler not in logger.handlers:
                tell("logger", "root handler %s added" % type(handler).__name__)
            module.Logger.addHandler(logger, handler)

        def remove_handler(logger: Logger, handler: Handler) -> None:
            if handler in logger.handlers:
                tell("logger", "root handler %s removed" % type(handler).__name__)
            module.Logger.removeHandler(logger, handler)

        for name, function in (
            ("setLevel", set_level),
            ("addHandler", add_handler),
            ("removeHandler", remove_handler),
        ):
            setattr(root, name, functools.wraps(getattr(root, name))(function))

    def _watch_stream(self, name: str, stream: Any) -> None:
        try:
            ordinary = stream.write

            def write(text: object) -> object:
                written = ordinary(text)
                if isinstance(text, str) and text:
                    self._ledger.note(
                        "output",
                        name,
                        count=int(not text.isspace()),
                        size=len(text.encode("utf-8", "replace")),
                    )
                return written

            stream.write = Watched(ordinary, write, "sys", name + ".write")
        except Exception:  # no stream at all, or one that cannot be watched
            return

    def finish(self) -> None:
        """Drop changes that were undone, and check ``sys.path`` once more."""
        for key, is_undone in self._temporary.items():
            if is_undone():
                self._ledger.drop(key)
        if self.is_path_replaced() and self._place is not None:
            self._tell_path(self._known_path, list(sys.path), *self._place)


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _line_naming(text: str, caller: callers.Caller) -> int:
    """The last line of the caller's file, down to the caller's line, that holds ``text``. Without
    one, the caller's line.
    """
    linecache = sys.modules.get("linecache")
    lines = linecache.getlines(caller.file)[: caller.line] if linecache is not None else []
    return next(
        (number for number in range(len(lines), 0, -1) if text in lines[number - 1]), caller.line
    )
