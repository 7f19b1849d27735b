"""Tells whose code a file is: the user's, an installed distribution's, or the standard
library's.
"""

from __future__ import annotations

import os
import site
import sys
from types import FrameType
from typing import Any, Iterable

USER, DISTRIBUTION, STDLIB = "user", "distribution", "stdlib"

IMPORTLIB = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def _folders(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the folders as given and resolved, each with a separator at the end."""
    found: dict[str, None] = {}
    for path in paths:
        if path:
            for form in (path, os.path.realpath(path)):
                found[form.rstrip(os.sep) + os.sep] = None
    return tuple(found)


def _site_folders() -> list[str]:
    # Not from sysconfig: some Airflow versions load that module before a parse, others do not.
    known: list[str] = list(getattr(site, "getsitepackages", list)())
    known.append(site.getusersitepackages() if site.ENABLE_USER_SITE else "")
    known += [
        entry for entry in sys.path if os.path.basename(entry) in ("site-packages", "dist-packages")
    ]
    return known


SITE_FOLDERS = _folders(_site_folders())
STDLIB_FOLDERS = _folders([os.path.dirname(os.__file__)])
# Code objects that Cython compiled have source paths relative to the place of the build.
_COMPILED = (".pyx", ".pxd", ".pxi")
_known: dict[str, str] = {}
_MOST_KNOWN = 50_000


def of_file(path: object) -> str:
    """The origin of a source file. Built-in and frozen code counts as standard library, and so does
    a path that is not text.
    """
    if type(path) is not str or not path or path.startswith("<"):
        return STDLIB
    origin = _known.get(path)
    if origin is None:
        if len(_known) >= _MOST_KNOWN:  # a loop may compile code under many names
            _known.clear()
        origin = _known[path] = _classify(path)
    return origin


def _classify(path: str) -> str:
    if path.startswith(HERE):
        return STDLIB
    if path.endswith(_COMPILED) and not os.path.isabs(path):
        return DISTRIBUTION
    if path.startswith(SITE_FOLDERS):
        return DISTRIBUTION
    if path.startswith(STDLIB_FOLDERS):
        return STDLIB
    return USER


def user_location(frame: FrameType | None) -> tuple[str, int]:
    """File and line of the innermost user frame at or above ``frame``; ``("", 0)`` if there is
    none.
    """
    while frame is not None:
        if of_file(frame.f_code.co_filename) == USER:
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return "", 0


def as_importlib(function: Any) -> Any:
    """Give the function the file name of importlib's frozen code. Tracebacks and warnings skip
    frames with that name.
    """
    function.__code__ = function.__code__.replace(co_filename=IMPORTLIB[0])
    return function
