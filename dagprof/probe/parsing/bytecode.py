"""The compiled form of user code, as an earlier loop of the processor would have left it.

A scan leaves no ``__pycache__`` behind: the bytecode of user code has a folder of its own. Any
parse can write into that folder, so no process believes its files. A parse reads a file, which
takes as long as in the processor, but uses the bytes that its worker holds in memory. These bytes
come from processes that never ran code of the user.

Installed packages keep using their own bytecode. If the user switched bytecode off or moved it,
nothing changes.
"""

from __future__ import annotations

import importlib._bootstrap_external as external
import io
import os
import sys
from types import CodeType
from typing import Any, Callable

from .. import origin

# With its private functions, which are the same in Python 3.8 to 3.14.
_importlib: Any = external

_HEADER_BYTES = 16
# Somebody may have put a pipe or a link where the file was: nothing waits, no more is read than
# belongs there.
_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_open, _file = os.open, io.open


class Bytecode:
    """The bytecode of user code in ``known``, by the place where a parse looks for it.

    ``compiled`` has the sources that this process compiled because nothing was known of them.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder.rstrip(os.sep) + os.sep
        self.known: dict[str, bytes] = {}
        self.compiled: list[str] = []
        self.is_used = not sys.dont_write_bytecode and not getattr(sys, "pycache_prefix", None)

    def install(self) -> None:
        """From now on, user code's bytecode is what ``known`` has."""
        if not self.is_used:
            return
        loader = _importlib.SourceFileLoader
        self._ordinary_place: Callable[..., str] = external.cache_from_source
        self._ordinary_data: Callable[..., bytes] = loader.get_data
        self._ordinary_keep: Callable[..., object] = loader._cache_bytecode
        external.cache_from_source = self._hook_place()
        loader.get_data = self._hook_data()
        loader._cache_bytecode = self._hook_keep()

    def place_of(self, source: str) -> str:
        """Where the bytecode of a source file is looked for."""
        return str(external.cache_from_source(source))

    def is_current(self, source: str) -> bool:
        """Whether what is known of a source file is of its present time and size."""
        kept = self.known.get(self.place_of(source))
        try:
            found = os.stat(source)
        except OSError:
            return False
        return kept is not None and kept[8:_HEADER_BYTES] == (
            _word(int(found.st_mtime)) + _word(found.st_size)
        )

    def knows(self, source: str) -> bool:
        """Whether something is known of a source file, current or not."""
        return self.place_of(source) in self.known

    def forget(self, source: str) -> None:
        """Know nothing of a source file from now on. A file that is saved twice within a second can
        keep its time and size, and bytecode has no other sign of its source.
        """
        self.known.pop(self.place_of(source), None)

    def learn(self, source: str, data: bytes) -> None:
        """Know from now on what a process without user code has compiled."""
        place = self.place_of(source)
        if place.startswith(self._folder):
            self.known[place] = data

    def write(self, source: str, data: bytes) -> None:
        """Put a file where parses read it; where that is impossible, they read nothing."""
        place = self.place_of(source)
        if place.startswith(self._folder):
            try:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                _importlib._write_atomic(place, data)
            except OSError:
                return

    def warm_up(self, file: str) -> bytes:
        """Compile a DAG file without running it, as an earlier parse would have left it.

        Returns its bytecode, empty where there is nothing to compile.
        """
        if not self.is_used or not file.endswith(".py") or self.is_current(file):
            return b""
        try:
            data = compile_file(file)
        except Exception:  # it will fail again where it counts
            return b""
        self.learn(file, data)
        self.write(file, data)
        return data

    def _hook_place(self) -> Callable[..., str]:
        ordinary, folder = self._ordinary_place, self._folder
        elsewhere = origin.SITE_FOLDERS + origin.STDLIB_FOLDERS

        def cache_from_source(
            path: str | os.PathLike[str],
            debug_override: bool | None = None,
            *,
            optimization: object = None,
        ) -> str:
            usual = ordinary(path, debug_override, optimization=optimization)
            if usual.startswith(elsewhere):
                return usual
            return os.path.join(folder, os.path.abspath(usual).lstrip(os.sep))

        return cache_from_source

    def _hook_data(self) -> Callable[..., bytes]:
        ordinary, folder, known = self._ordinary_data, self._folder, self.known

        def get_data(loader: object, path: str) -> bytes:
            if not path.startswith(folder):
                return ordinary(loader, path)
            kept = known.get(path)
            if kept is None:
                raise FileNotFoundError(path)
            try:
                _read_file(path, len(kept))
            except OSError:  # somebody has removed it
                pass
            return kept

        hooked: Callable[..., bytes] = origin.as_importlib(get_data)
        return hooked

    def _hook_keep(self) -> Callable[..., object]:
        ordinary, folder = self._ordinary_keep, self._folder

        def _cache_bytecode(loader: object, source: str, place: str, data: bytes) -> object:
            if not place.startswith(folder):
                return ordinary(loader, source, place, data)
            self.compiled.append(source)
            return None

        hooked: Callable[..., object] = origin.as_importlib(_cache_bytecode)
        return hooked


def compile_file(source: str) -> bytes:
    """The bytecode file of a source file, which is not run.

    :raises Exception: it cannot be read or compiled.
    """
    loader = external.SourceFileLoader("compiled", source)
    found = loader.path_stats(source)
    code = loader.source_to_code(loader.get_data(source), source)
    data: bytearray = _importlib._code_to_timestamp_pyc(code, int(found["mtime"]), found["size"])
    return bytes(data)


class Compilations:
    """Counts the modules that are compiled while this counter is installed. A parse that compiled
    modules is not a warm one.
    """

    def __init__(self) -> None:
        self.count = 0

    def install(self) -> None:
        ordinary: Callable[..., CodeType] = external.SourceLoader.source_to_code

        def source_to_code(*args: object, **kwargs: object) -> CodeType:
            self.count += 1
            return ordinary(*args, **kwargs)

        setattr(external.SourceLoader, "source_to_code", source_to_code)  # noqa: B010


@origin.as_importlib
def _read_file(path: str, size: int) -> None:
    """Read a file of this size at the cost that it has for the import system."""
    with _file(_open(path, _READING), "rb") as file:
        file.read(size + 1)


def _word(number: int) -> bytes:
    return (number & 0xFFFFFFFF).to_bytes(4, "little")
