"""The texts of the user's Python files while they are edited, and which DAG files use which."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path, PurePath

from dagprof.attribution.sources import Reach, module_names
from dagprof.measure import texts


class Sources:
    """All Python files below ``roots``. Call ``renew`` after each save."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)
        self._texts = texts.sources(roots, ())

    def renew(self, saved: Collection[Path]) -> Mapping[Path, tuple[bytes, bytes]]:
        """Read what was saved, and return the earlier and the present text of each Python file that
        differs. Files that exist on one side only are left out.
        """
        if any(_is_folder(path) for path in saved):
            before, self._texts = self._texts, texts.sources(self._roots, ())
            return {
                Path(path): (old, self._texts[path])
                for path, old in before.items()
                if self._texts.get(path, old) != old
            }
        changed = {}
        for path in self.aliases(path for path in saved if path.suffix == ".py"):
            old = self._texts.pop(str(path), None)
            if path.is_file():
                new = self._texts[str(path)] = texts.text_of(path)
                if old is not None and old != new:
                    changed[path] = old, new
        return changed

    def aliases(self, saved: Iterable[Path]) -> set[Path]:
        """The paths, and all other paths to the same files, behind links."""
        really = {os.path.realpath(path): path for path in saved}
        linked = {Path(path) for path in self._texts if os.path.realpath(path) in really}
        return {*linked, *really.values(), *map(Path, really)}

    def reached(self, saved: Iterable[Path], files: Sequence[Path]) -> set[Path]:
        """The DAG files that may use one of the saved files, by the text of all Python files."""
        wanted = {str(path) for path in self.aliases(saved)}
        pure = [PurePath(root) for root in self._roots]
        names = {path: module_names(PurePath(path), pure) for path in {*self._texts, *wanted}}
        sources = {**self._texts, **{path: b"" for path in wanted if path not in self._texts}}
        found = Reach(sources, names, {str(path) for path in files}).of(wanted)
        return {path for path in files if str(path) in found}


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder, or may have been one before it was renamed or removed."""
    return path.is_dir() or (not path.suffix and not path.exists())


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
