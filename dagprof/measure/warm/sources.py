"""The texts of the DAG files and of all files that they may import, while somebody edits them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path, PurePath

from dagprof.attribution.sources import Reach, module_names
from dagprof.measure import texts


class Sources:
    """The DAG files and the files below ``roots`` that they import by name, directly or through
    others. Other files below ``roots``, which may be thousands, are not read.

    Call ``renew`` after each save, with the DAG files of that moment.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(dict.fromkeys(map(str, roots)))
        self._pure = [PurePath(root) for root in self._roots]
        self._texts: dict[str, bytes] = {}
        self._modules: dict[str, Sequence[str]] = {}
        self._really: dict[str, str] = {}
        self._entries: set[str] = set()
        self._reach = Reach(self._texts, self._modules, self._entries)
        self._found: dict[str, tuple[str, ...]] = {}

    def renew(
        self, saved: Collection[Path], files: Iterable[Path]
    ) -> Mapping[Path, tuple[bytes, bytes]]:
        """Read what was saved, and what the files import by now. Return the earlier and the present
        text of each Python file that differs. Files that are new or gone are left out.
        """
        changed = {}
        for path in map(str, self.aliases(saved)):
            if path not in self._texts or not os.path.isfile(path):
                self._found.clear()  # names may mean other files by now
            if path not in self._texts:
                continue
            old = self._texts.pop(path)
            self._reach.forget(path)
            if os.path.isfile(path):
                new = self._add(path)
                if old != new:
                    changed[Path(path)] = old, new
        self._entries.clear()
        self._entries.update(map(str, files))
        self._follow()
        return changed

    def aliases(self, saved: Iterable[Path]) -> set[Path]:
        """The paths, and all other paths to the same files, behind links."""
        really = {os.path.realpath(path): path for path in saved}
        linked = {Path(path) for path, real in self._really.items() if real in really}
        return {*linked, *really.values(), *map(Path, really)}

    def reached(self, saved: Iterable[Path], files: Iterable[Path]) -> set[Path]:
        """The DAG files that may use one of the saved files, by the text of the sources."""
        wanted = [str(path) for path in self.aliases(saved)]
        for path in wanted:
            self._modules.setdefault(path, module_names(PurePath(path), self._pure))
        found = self._reach.of(wanted)
        return {path for path in files if str(path) in found}

    def _follow(self) -> None:
        """Read all files that the DAG files lead to."""
        waiting = list(self._entries)
        kept: set[str] = set()
        while waiting:
            path = waiting.pop()
            if path in kept:
                continue
            kept.add(path)
            if path not in self._texts:
                self._add(path)
            for name in self._reach.imports_of(path):
                waiting += self._files_of(name)
        for path in [path for path in self._texts if path not in kept]:
            del self._texts[path]
            self._reach.forget(path)

    def _add(self, path: str) -> bytes:
        text = self._texts[path] = texts.text_of(Path(path))
        self._modules[path] = module_names(PurePath(path), self._pure)
        self._really[path] = os.path.realpath(path)
        return text

    def _files_of(self, name: str) -> tuple[str, ...]:
        """The files below the roots that a module name may mean."""
        found = self._found.get(name)
        if found is None:
            part = name.replace(".", os.sep)
            places = (
                os.path.join(root, part + end)
                for root in self._roots
                for end in (".py", f"{os.sep}__init__.py")
            )
            found = self._found[name] = tuple(path for path in places if os.path.isfile(path))
        return found


def changed_lines(old: bytes, new: bytes) -> tuple[int, ...]:
    """The lines of the new text that differ from the old text. For removed lines, this is the line
    that took their place.
    """
    before, after = old.splitlines(), new.splitlines()
    found: list[int] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=len(before) > 2_000)
    for kind, _, _, begin, end in matcher.get_opcodes():
        if kind != "equal":
            found += range(begin + 1, max(end, begin + 1) + 1)
    last = max(1, len(after))
    return tuple(dict.fromkeys(min(line, last) for line in found))
