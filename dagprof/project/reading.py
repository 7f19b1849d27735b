"""Reads files of one repository, except large ones and those outside the repository."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from dagprof.project.values import Unreadable

LARGEST_BYTES = 1_000_000


class Repository:
    """The files below ``top``. dagprof does not follow links that lead out of it.

    ``elsewhere`` gives another place for a missing file: a worktree of another commit has no files
    that git ignores, such as ``.env``.
    """

    def __init__(
        self, root: Path, top: Path, elsewhere: Callable[[Path], Path | None] | None = None
    ) -> None:
        self.root, self.top = root, top
        self._real = os.path.realpath(top)
        self._elsewhere = elsewhere or (lambda path: None)

    def holds(self, path: Path) -> bool:
        """Whether a path exists and is inside the repository, after resolving links."""
        try:
            real = os.path.realpath(path)
        except (OSError, ValueError):  # such as a zero byte in a name
            return False
        return os.path.exists(real) and (
            real == self._real or real.startswith(self._real.rstrip(os.sep) + os.sep)
        )

    def file(self, path: Path) -> Path | None:
        """The path from which to read a file; None if there is no such file."""
        if os.path.isfile(path) and self.holds(path):
            return path
        other = self._elsewhere(path)
        return other if other is not None and os.path.isfile(other) else None

    def text(self, path: Path) -> str | None:
        """The text of a file; None if there is no such file.

        :raises Unreadable: the file is too large, not text, or cannot be opened.
        """
        file = self.file(path)
        return None if file is None else text_of(file)

    def shown(self, path: Path, line: int = 0) -> str:
        """A path as people see it: relative to the project root if it is below that."""
        try:
            text = path.relative_to(self.root).as_posix()
        except ValueError:
            text = os.path.relpath(path, self.root)
        return f"{text}:{line}" if line else text


def text_of(file: Path) -> str:
    """The text of a file.

    :raises Unreadable: the file is too large, not a regular file, not text, or cannot be opened.
    """
    try:
        if not os.path.isfile(file):
            raise Unreadable("the file does not exist")
        if file.stat().st_size > LARGEST_BYTES:
            raise Unreadable("the file is larger than 1 MB")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("the file is not UTF-8 text") from None
    except OSError as error:
        raise Unreadable(f"dagprof cannot read the file ({error.strerror})") from None
