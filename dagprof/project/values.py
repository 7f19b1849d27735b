"""The values that the readers of a repository's files return."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dagprof.model import Used

# Linux allows 128 KiB for one variable, and some megabytes for all.
_LONGEST = 100_000
# Values that contain each other can turn a few lines into gigabytes.
_MOST_CHARACTERS = 5_000_000
OFF = "use --no-project to ignore project files"


class Unreadable(Exception):
    """A file of the repository that cannot be used. The text says why, without a full stop."""


def check_total(characters: int) -> None:
    """
    :raises Unreadable: the values of one file have more than ``_MOST_CHARACTERS`` in total.
    """
    if characters > _MOST_CHARACTERS:
        raise Unreadable("the values of all variables in the file are too long in total")


class Variable(NamedTuple):
    """An environment variable, and the place that sets it: a file and a line, 0 for the whole
    file.
    """

    name: str
    value: str
    file: Path
    line: int = 0


def impossible(name: str, value: str) -> str:
    """Why no process can have this environment variable; empty if one can."""
    if not name or "=" in name or "\0" in name + value:
        return "the name or value is not valid for an environment variable"
    try:
        size = len(value.encode("utf-8", "surrogateescape"))
        name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return "the name or value is not UTF-8 text"
    return f"the value is longer than {_LONGEST // 1000} kB" if size > _LONGEST else ""


class Mount(NamedTuple):
    """A path inside a container, and the repository's file or folder at that path."""

    inside: str
    outside: Path


class ProjectSetup(NamedTuple):
    """Everything that dagprof found, ready for a target.

    ``environment`` holds variables with their container paths mapped. ``pythonpath`` holds folders
    in the order in which Python searches them. ``others`` holds the values of variables and build
    arguments that dagprof does not take over: they may be part of other values. ``variables`` and
    ``connections`` answer lookups like the files of ``--variables`` and ``--connections``.
    ``plugins`` is a folder, or an archive of one.
    """

    root: Path
    top: Path
    dags: Path
    home: Path | None = None
    plugins: Path | None = None
    pythonpath: tuple[Path, ...] = ()
    environment: dict[str, str] = {}
    others: dict[str, str] = {}
    variables: dict[str, object] = {}
    connections: dict[str, object] = {}
    used: tuple[Used, ...] = ()
