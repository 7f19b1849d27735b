"""Converts all paths of a Run into paths relative to the root of the repository. Code reviews and
all output files of the gate use such paths.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

from dagprof.attribution.candidates import shown_path
from dagprof.model import FileResult, Run
from dagprof.model.effects import FILES, effect_kind


def rooted(run: Run, top: str, prefix: str) -> Run:
    """The Run with paths relative to the root of the repository. ``top`` is the root of the
    repository. ``prefix`` is the path from ``top`` to the bundle root, such as ``dags/``.
    ``prefix`` is empty if both folders are the same.
    """
    if not prefix:
        return run

    def moved(path: str) -> str:
        """A path below the bundle root, converted into a path below ``top``. Other paths stay
        unchanged.
        """
        below = shown_path(path, run.root)
        return path if below == path else os.path.join(top, prefix, below)

    changed: Run = msgspec.structs.replace(
        run,
        root=top,
        files=tuple(_file(file, prefix, moved) for file in run.files),
        modules=tuple(
            msgspec.structs.replace(module, file=moved(module.file)) for module in run.modules
        ),
        skipped=tuple(
            msgspec.structs.replace(each, path=prefix + each.path) for each in run.skipped
        ),
    )
    return changed


def _file(file: FileResult, prefix: str, moved: Callable[[str], str]) -> FileResult:
    accesses, failures, unanswered, lost = (
        tuple(msgspec.structs.replace(each, file=moved(each.file)) for each in rows)
        for rows in (file.accesses, file.failures, file.unanswered, file.lost_dags)
    )
    effects = tuple(
        msgspec.structs.replace(
            each, file=moved(each.file), what=_what(each.kind, each.what, prefix)
        )
        for each in file.effects
    )
    changed: FileResult = msgspec.structs.replace(
        file,
        path=prefix + file.path,
        accesses=accesses,
        failures=failures,
        effects=effects,
        unanswered=unanswered,
        lost_dags=lost,
    )
    return changed


def _what(kind: str, what: str, prefix: str) -> str:
    """The file that an effect reads or writes. A path below the bundle root becomes relative to the
    root of the repository.
    """
    return what if effect_kind(kind).group is not FILES or os.path.isabs(what) else prefix + what
