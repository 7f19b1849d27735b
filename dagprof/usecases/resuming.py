"""Scans that can be resumed: a scan stores each result on disk, and a resumed scan reuses the
results.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from dagprof.errors import UsageError
from dagprof.measure.rounds import Progress
from dagprof.model import Measured
from dagprof.store import journal as journals


class Resumable(NamedTuple):
    """A scan that keeps its results.

    ``known`` holds the results of the interrupted scan by path and SHA-256. ``progress`` must
    receive the new results. ``discard`` removes the kept results once the scan is complete.
    """

    known: Mapping[tuple[str, str], Measured]
    progress: Progress
    discard: Callable[[], None]


@contextlib.contextmanager
def resumable(file: Path, key: str, progress: Progress, *, resumes: bool) -> Iterator[Resumable]:
    """Keep results in ``file``. Leaving the context without ``discard`` leaves the file on disk.

    ``key`` stands for everything that the results depend on.

    :raises UsageError: the interrupted scan had another key.
    :raises RunFileError: there is nothing to resume, or the file is damaged.
    :raises OutputError: the file cannot be written.
    """
    known = _known(file, key) if resumes else {}
    with journals.Journal(file, key, resumes=resumes) as journal:
        yield Resumable(known, _Journaling(progress, journal, known.values()), journal.discard)


def _known(file: Path, key: str) -> Mapping[tuple[str, str], Measured]:
    found, known = journals.read(file)
    if found != key:
        raise UsageError(
            "The interrupted scan used different paths or options. Use the same paths and options"
            " again, or omit --resume."
        )
    return known


class _Journaling:
    """Forwards progress, and stores each new result."""

    def __init__(
        self, shown: Progress, journal: journals.Journal, known: Iterable[Measured]
    ) -> None:
        self._shown, self._journal = shown, journal
        # The scan reports reused results too, as the same objects.
        self._kept = {id(measured) for measured in known}
        self.preparing, self.using, self.started = shown.preparing, shown.using, shown.started

    def measured(self, measured: Measured, done: int) -> None:
        if id(measured) not in self._kept:
            self._journal.add(measured)
        self._shown.measured(measured, done)
