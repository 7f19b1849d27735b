"""Decides which files have comparable times in both versions. A parse that ends early is not an
improvement.
"""

from __future__ import annotations

from collections.abc import Mapping

from dagprof.model import FileResult, Run, Status

Pairs = Mapping[str, tuple[FileResult, FileResult]]


def on_both_sides(base: Run, head: Run) -> Pairs:
    """The files that both Runs contain, by path."""
    before = {file.path: file for file in base.files}
    return {file.path: (before[file.path], file) for file in head.files if file.path in before}


def both_timed(base: Run, head: Run) -> Pairs:
    """The files that have a parse time in both versions, by path. A file that fails in only one
    version does not count.

    The measurement judges the same set of files. A larger set would weaken the correction for many
    files, and files with a decision would become inconclusive.
    """
    return {
        path: (old, new)
        for path, (old, new) in on_both_sides(base, head).items()
        if old.is_timed and new.is_timed and old.status.is_failure == new.status.is_failure
    }


def is_comparable(old: FileResult, new: FileResult) -> bool:
    """Whether both parses reached the same point of the file."""
    if Status.NEEDS_ANSWER in (old.status, new.status):
        return False
    return old.status.is_failure == new.status.is_failure and not new.has_lost_dags(old)
