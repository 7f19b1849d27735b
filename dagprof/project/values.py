"""What the readers of a repository's files return."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from dagprof.model import Used

OFF = "--no-project turns it off"


class Unreadable(Exception):
    """A file of the repository cannot be used; the text says why, without a full stop."""


class Variable(NamedTuple):
    """An environment variable, and where it is set: a file and a line, 0 for the whole file."""

    name: str
    value: str
    file: Path
    line: int = 0


class Mount(NamedTuple):
    """A path inside a container and the file or folder of the repository that is there."""

    inside: str
    outside: Path


class Found(NamedTuple):
    """Everything that was found, ready for a target.

    ``environment`` holds variables with their container paths mapped; ``pythonpath`` folders in the
    order in which Python searches them. ``variables`` and ``connections`` answer look-ups as the
    files of ``--variables`` and ``--connections`` do. ``plugins`` may be an archive of such a folder.
    ``secrets`` may appear in no result.
    """

    root: Path
    top: Path
    dags: Path
    home: Path | None = None
    plugins: Path | None = None
    pythonpath: tuple[Path, ...] = ()
    environment: dict[str, str] = {}
    variables: dict[str, Any] = {}
    connections: dict[str, Any] = {}
    secrets: tuple[str, ...] = ()
    used: tuple[Used, ...] = ()
