"""Records files that user code reads and writes, and folders that it lists, by audit events."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from .. import bounds, origin
from . import callers
from .ledger import Ledger
from .steady import steady

if TYPE_CHECKING:
    from typing import Union

    from .events import Arguments, Handlers, Key

    Name = Union[str, bytes, os.PathLike[str]]

_ACCESS = os.O_RDONLY | os.O_WRONLY | os.O_RDWR
_SOURCES = (".py", ".pyc", ".pyd", ".so", ".zip", ".egg")
# Modules that read sources and list folders to find or to show code.
_FINDERS = (
    "importlib",
    "pkgutil",
    "pkg_resources",
    "zipimport",
    "linecache",
    "tokenize",
    "inspect",
)
_NEVER = ("/proc/", "/sys/", "/dev/", "/etc/localtime")
_NEVER_PARTS = ("/zoneinfo/", ".dist-info/", ".egg-info/", "/__pycache__/")
_SYSTEM = ("/etc/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/System/", "/Library/")
_SHARED = ("lib", "lib64", "bin", "sbin", "share", "etc", "include", "libexec")
_TEMPORARY = re.compile(r"(?<=[/])tmp[a-z0-9_]{8}(?=$|[/.])")


def _system_folders() -> tuple[str, ...]:
    prefixes = {"/usr", "/usr/local", sys.prefix, sys.base_prefix}
    return _SYSTEM + tuple(
        os.path.join(prefix, name, "") for prefix in prefixes for name in _SHARED
    )


class FileWatch:
    """Tells reads from writes, and ignores files that any import touches."""

    def __init__(self, ledger: Ledger, root: str, scratch: str, dag_file: str) -> None:
        self._ledger = ledger
        self._root = root.rstrip(os.sep) + os.sep
        self._ignored = tuple(
            os.path.join(path, "") for path in (scratch, os.path.realpath(scratch)) if path
        )
        self._dag_file = dag_file
        self._system = _system_folders()
        self._written: dict[Key, str] = {}

    def events(self) -> Handlers:
        return {
            "open": self._open,
            "os.listdir": self._list,
            "os.scandir": self._list,
            "os.mkdir": self._make_folder,
            "os.remove": self._remove,
            "os.rmdir": self._remove,
            "os.rename": self._rename,
        }

    def _open(self, args: Arguments) -> None:
        name, _, flags = args
        finder = sys._getframe(2).f_code.co_filename
        if not isinstance(name, (str, bytes, os.PathLike)) or self._is_code(finder, name):
            return
        path = self._absolute(name)
        if flags & _ACCESS == os.O_RDONLY and not flags & (os.O_CREAT | os.O_TRUNC):
            if os.path.exists(path):
                self._note("file-read", name, size=os.path.getsize(path))
        elif not os.path.isdir(path):  # tempfile opens the folder first
            key = self._note("file-write", name)
            if key is not None:
                self._written[key] = path

    @staticmethod
    def _is_code(finder: str, name: Name) -> bool:
        """Whether the import system opens the file to run it, or a traceback to show it."""
        if "<frozen zipimport" in finder:
            return True
        name = os.fsdecode(name)
        return (name.endswith(_SOURCES) or ".pyc." in name) and _is_finder(finder)

    def _list(self, args: Arguments) -> None:
        if _is_finder(sys._getframe(2).f_code.co_filename) or isinstance(args[0], int):
            return
        self._note("file-read", args[0] or ".", "/")

    def _make_folder(self, args: Arguments) -> None:
        if args[2] == -1 and not os.path.isdir(args[0]):
            self._note("file-write", args[0], "/")

    def _remove(self, args: Arguments) -> None:
        if args[1] == -1 and os.path.lexists(args[0]):
            self._note("file-write", args[0], " (removed)")

    def _rename(self, args: Arguments) -> None:
        if (
            args[2] == -1
            and os.path.lexists(args[0])
            and not _is_finder(sys._getframe(2).f_code.co_filename)
        ):
            self._note("file-write", args[1])

    def _note(self, kind: str, name: Name, suffix: str = "", size: int = 0) -> Key | None:
        path = self._absolute(name)
        if self._is_ignored(path) or self._ledger.is_busy(kind):
            return None
        caller = callers.find(sys._getframe(1))
        if caller is None or caller.is_airflows or (self._is_system(path) and not caller.is_direct):
            return None
        what = self._shown(path)
        what = what if suffix == "/" and what.endswith("/") else what + suffix
        return self._ledger.add(kind, what, caller.file, caller.line, size=size)

    @staticmethod
    def _absolute(name: Name) -> str:
        return os.path.abspath(os.fsdecode(name))

    def _is_ignored(self, path: str) -> bool:
        if (
            path == self._dag_file
            or len(path) > bounds.PATH  # no such file can exist
            or (path + os.sep).startswith(self._ignored)
            or path.startswith(_NEVER)
        ):
            return True
        if any(part in path for part in _NEVER_PARTS):
            return True
        return not path.startswith(self._root) and (path + os.sep).startswith(
            origin.SITE_FOLDERS + origin.STDLIB_FOLDERS
        )

    def _is_system(self, path: str) -> bool:
        return not path.startswith(self._root) and (path + os.sep).startswith(self._system)

    def _shown(self, path: str) -> str:
        """The path, relative to the root if it lies below. Parts that differ from parse to parse
        are masked.
        """
        path = path[len(self._root) :] if path.startswith(self._root) else path
        return _TEMPORARY.sub("tmp*", steady(path))

    def finish(self) -> None:
        """Measure the sizes of the written files."""
        for key, path in self._written.items():
            if os.path.isfile(path):
                self._ledger.resize(key, os.path.getsize(path))


def _is_finder(file: str) -> bool:
    """Whether this file belongs to the import system or shows sources. The user's own files do not
    count.
    """
    return any(part in file for part in _FINDERS) and origin.of_file(file) != origin.USER
