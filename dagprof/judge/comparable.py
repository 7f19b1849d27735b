"""Which files have times on both sides that mean the same: a parse that breaks off early is not
faster for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from dagprof.model import FileResult, Run, Status

Pairs = Mapping[str, tuple[FileResult, FileResult]]


def on_both_sides(base: Run, head: Run) -> Pairs:
    """The files that both Runs have, by path."""
    before = {file.path: file for file in base.files}
    return {file.path: (before[file.path], file) for file in head.files if file.path in before}


def both_timed(base: Run, head: Run) -> Pairs:
    """The files that have a parse time on both sides, by path; not those that break off early on
    one side only.

    The same are asked about while they are measured: with more files in the question others would
    be open again at the end.
    """
    return {
        path: (old, new)
        for path, (old, new) in on_both_sides(base, head).items()
        if old.is_timed and new.is_timed and old.status.is_failure == new.status.is_failure
    }


def is_comparable(old: FileResult, new: FileResult) -> bool:
    """Whether both parses got equally far."""
    if Status.NEEDS_ANSWER in (old.status, new.status):
        return False
    return old.status.is_failure == new.status.is_failure and not new.has_lost_dags(old)
