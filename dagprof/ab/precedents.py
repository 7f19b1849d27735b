"""Chooses other DAG files to trace. If a file begins to do something through a helper, dagprof
compares it with files that already use the helper.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path

from dagprof import bounded
from dagprof.model import Measured, Origin

# How many DAG files are traced for each helper, and for all helpers together.
EACH = 3
MOST = 8


def begun(
    head: Measured, base: Measured | None, root: Path, in_base: Callable[[Path], Path]
) -> set[Path]:
    """The helpers in the base whose code a parse newly runs, or through which it newly does
    something.

    The DAG file itself does not count. ``in_base`` returns the place of a file in the base, where
    the file may not exist.
    """
    itself = bounded.real(root / head.result.path)
    now = {in_base(Path(file)) for file in _files(head) if bounded.real(file) != itself}
    before = set(map(Path, _files(base))) if base is not None else set()
    doing = {in_base(Path(file)) for file in _doing(head, base) if bounded.real(file) != itself}
    return {file for file in (now - before) | doing if os.path.isfile(file)}


def _files(measured: Measured) -> set[str]:
    """The user's modules that a parse loaded."""
    return {
        module.file
        for module in measured.modules
        if module.origin is Origin.USER and os.path.isabs(module.file)
    }


def _doing(head: Measured, base: Measured | None) -> set[str]:
    """The files with an effect or a look-up that did not exist before."""
    result = head.result
    old = base.result if base is not None else None
    effects = {(each.kind, each.what) for each in old.effects} if old is not None else set()
    accesses = {(each.kind, each.key) for each in old.accesses} if old is not None else set()
    found = [each.file for each in result.effects if (each.kind, each.what) not in effects]
    found += [each.file for each in result.accesses if (each.kind, each.key) not in accesses]
    return {file for file in found if os.path.isabs(file)}


def chosen(
    helpers: Collection[Path], users: Callable[[Path], set[str]], traced: Collection[str]
) -> tuple[list[str], bool]:
    """The names of DAG files to trace, and whether some that use a helper are left out.

    ``users`` returns the DAG files that may use a helper. ``traced`` are files with a trace
    already. Files that use many helpers come first.
    """
    using = {helper: users(helper) for helper in helpers}
    covered = {helper: len(names & set(traced)) for helper, names in using.items()}
    every = set().union(*using.values()) - set(traced)
    found: list[str] = []
    while len(found) < MOST:
        wanted = {helper for helper, number in covered.items() if number < EACH}
        worth = {
            name: sum(name in using[helper] for helper in wanted) for name in every - set(found)
        }
        best = max(sorted(worth), key=worth.__getitem__, default=None)
        if best is None or not worth[best]:
            break
        found.append(best)
        for helper, names in using.items():
            covered[helper] += best in names
    return found, bool(every - set(found))
