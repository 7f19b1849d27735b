"""The latest results of the watched files."""

from __future__ import annotations

import os
from pathlib import Path

from dagprof.model import Measured
from dagprof.passes import file


def is_current(measured: Measured, path: Path) -> bool:
    """Whether a file still has the content that was measured."""
    try:
        return file.identify(path)[0] == measured.result.sha256
    except OSError:
        return False


class Known:
    """For each file, the last result, and the last one that was no failure."""

    def __init__(self) -> None:
        self._last: dict[Path, Measured] = {}
        self._good: dict[Path, Measured] = {}

    def keep(self, path: Path, measured: Measured) -> None:
        """Keep a result."""
        self._last[path] = measured
        if not measured.result.status.is_failure:
            self._good[path] = measured

    def forget(self, path: Path) -> None:
        """Forget a file that is gone."""
        self._last.pop(path, None)
        self._good.pop(path, None)

    def last(self, path: Path) -> Measured | None:
        """The last result."""
        return self._last.get(path)

    def good(self, path: Path) -> Measured | None:
        """The last result that was no failure."""
        return self._good.get(path)

    def expected_ms(self, path: Path) -> float:
        """How long the next parse may take."""
        measured = self._last.get(path)
        return measured.result.parse_ms if measured is not None else 0.0

    @property
    def number(self) -> int:
        """The number of files with a result."""
        return len(self._last)

    def written(self, root: Path) -> set[str]:
        """The real paths of files that parses write. A change of such a file is no save."""
        return {
            os.path.realpath(os.path.join(root, effect.what))
            for measured in self._last.values()
            for effect in measured.result.effects
            if effect.kind == "file-write"
        }
