"""Whose code a file is: the user's, an installed distribution's, or the standard library's."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from types import FrameType
from typing import Any

USER, DISTRIBUTION, STDLIB = "user", "distribution", "stdlib"

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def _folders(paths: list[Any]) -> tuple[Any, ...]:
    """The existing folders, as given and resolved, each ending in a separator."""
    found: dict[str, None] = {}
    for path in paths:
        if path:
            for form in (path, os.path.realpath(path)):
                found[form.rstrip(os.sep) + os.sep] = None
    return tuple(found)


def _site_folders() -> list[Any]:
    known = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    known += getattr(site, "getsitepackages", list)()
    known.append(site.getusersitepackages() if site.ENABLE_USER_SITE else "")
    known += [entry for entry in sys.path if os.path.basename(entry) in ("site-packages", "dist-packages")]
    return known


def _folders_of_installation() -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Where distributions and the standard library are; what Python loads to tell does not stay."""
    before = set(sys.modules)
    distributions = _folders(_site_folders())
    library = _folders([sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")])
    for name in set(sys.modules) - before:
        if name.startswith("_sysconfigdata"):
            del sys.modules[name]
    return distributions, library


SITE_FOLDERS, STDLIB_FOLDERS = _folders_of_installation()
# What Cython compiled names its sources by where they were built.
_COMPILED = (".pyx", ".pxd", ".pxi")
_known: dict[Any, Any] = {}


def of_file(path: Any) -> str:
    """The origin of a source file; built-in and frozen code counts as standard library, and so does what is no text."""
    if type(path) is not str or not path or path.startswith("<"):
        return STDLIB
    origin = _known.get(path)
    if origin is None:
        origin = _known[path] = _classify(path)
    return origin


def _classify(path: str) -> str:
    if path.startswith(_HERE):
        return STDLIB
    if path.endswith(_COMPILED) and not os.path.isabs(path):
        return DISTRIBUTION
    if path.startswith(SITE_FOLDERS):
        return DISTRIBUTION
    if path.startswith(STDLIB_FOLDERS):
        return STDLIB
    return USER


def user_location(frame: FrameType | None) -> tuple[Any, ...]:
    """File and line of the innermost user frame at or above ``frame``; ``("", 0)`` when there is none."""
    while frame is not None:
        if of_file(frame.f_code.co_filename) == USER:
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return "", 0
