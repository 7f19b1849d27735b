"""Finds source files that change during a measurement: by a person, git-sync, or a DAG file.

dagprof parses a file several times, and each parse reads the imported modules again. Afterwards,
nobody knows which version a figure belongs to. The Run therefore names the changed sources.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from dagprof.model import Doubt, Module, Origin, Run

CODE = "changed-files"
_NAMED = 3
_Signature = tuple[int, int, int, int]


class Changes:
    """Watches sources from now on."""

    def __init__(self) -> None:
        self._began_ns = time.time_ns()
        self._before: dict[Path, _Signature | None] = {}

    def watch(self, files: Iterable[Path]) -> None:
        """Remember these DAG files as they are now."""
        self._before.update((path, _signature(path)) for path in files)

    def since(self, modules: Iterable[Module], root: Path) -> list[Doubt]:
        """A note that names the DAG files and the user's modules that were changed meanwhile."""
        changed = [path for path, before in self._before.items() if _signature(path) != before]
        changed += [
            Path(module.file)
            for module in modules
            if module.origin is Origin.USER and self._is_younger(module.file)
        ]
        names = sorted({_shown(path, root) for path in changed})
        return [Doubt(code=CODE, text=_text(names))] if names else []

    def _is_younger(self, file: str) -> bool:
        """Whether a file was changed after the beginning: modules become known by their use."""
        found = _signature(Path(file)) if file else None
        return found is not None and found[-1] >= self._began_ns


def texts(run: Run) -> list[str]:
    """What a Run says about sources that changed while it was measured."""
    return [doubt.text for doubt in run.doubts if doubt.code == CODE]


def _signature(path: Path) -> _Signature | None:
    """What changes with a file; the kernel notes the last time by itself."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if root in path.parents else str(path)


def _text(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    named = ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    one = len(names) == 1
    return (
        f"{'A source file' if one else f'{len(names)} source files'} changed during the scan:"
        f" {named}. The results may come from the old or from the new version of"
        f" {'this file' if one else 'these files'}. Scan again."
    )
