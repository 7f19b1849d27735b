"""The question of an A/B run, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dagprof.judge.judgement import Limits
from dagprof.model import Run


class Duel(NamedTuple):
    """Both sides as Runs whose samples are pairs, the number of files that the change cannot reach,
    and notes on what was left out. ``left_out`` files may reach the change but were not measured.
    ``has_sample`` says that other files stand for them.

    ``renamed`` maps the new name of each renamed file to its old name. Both Runs use the new name.
    ``others`` are DAG files of the base that the change cannot reach. They are traced because they
    use helpers that a measured file begins to use. ``more_others`` says that not all of them were
    traced. ``others_load`` says that all measured files fail, but another file can be loaded.
    """

    base: Run
    head: Run
    unaffected: int
    doubts: tuple[str, ...]
    renamed: Mapping[str, str]
    others: Run | None = None
    more_others: bool = False
    left_out: int = 0
    has_sample: bool = True
    others_load: bool = False


class Question(NamedTuple):
    """The question: which files changed (on either side's disk), which were renamed, and how
    certain the answer must be.

    ``limits`` returns the limits of a file for its shown path. ``everything`` is the reason for
    measuring all files; empty to measure only files that the change reaches. ``sample`` limits
    the number of files in both cases. ``roots`` are the folders of user code besides the bundle
    root. ``in_base`` returns the place of a file on the base's disk. ``is_outside`` says whether a
    link leads a path out of the repository, which then has no other version of the file.
    """

    changed_base: Sequence[Path]
    changed_head: Sequence[Path]
    renamed: Mapping[Path, Path]
    roots: Sequence[Path]
    in_base: Callable[[Path], Path]
    is_outside: Callable[[Path], bool]
    everything: str
    sample: int | None
    limits: Callable[[str], Limits]
    false_alarms: float
