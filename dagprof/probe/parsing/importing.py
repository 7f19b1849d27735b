"""Which line imports something, by the frames above: of a module, of a function, or of code that
something executed.
"""

from __future__ import annotations

import importlib
import sys
from types import FrameType, ModuleType
from typing import Dict

from .. import origin

# The globals of a module.
Namespace = Dict[str, object]
# Code of functions has this flag; that of modules and class bodies has not.
IN_FUNCTION = 0x1
# Frames between an import statement and what it calls in a lazy module; farther away is the work of
# a call.
_NEAR = 12
# ``importlib/__init__.py`` too: its ``import_module`` is not an importer of its own.
_SKIPPED = (*origin.IMPORTLIB, importlib.__file__)


def place_of(frame: FrameType, namespace: Namespace | None) -> tuple[int, bool, Namespace | None]:
    """The line of an import statement, whether it is in code that ``exec`` ran, and the namespace
    of its module.

    Code that was read from elsewhere, or made from text, has lines of its own: then it is the line
    of the user's file that had it executed, and that file's namespace.
    """
    file = namespace.get("__file__") if namespace else None
    if file == frame.f_code.co_filename or not (
        file is None or origin.of_file(file) == origin.USER
    ):
        return frame.f_lineno, False, namespace
    around = frame.f_back
    while around is not None:
        file = around.f_code.co_filename
        if file == around.f_globals.get("__file__") and origin.of_file(file) == origin.USER:
            return around.f_lineno, True, around.f_globals
        around = around.f_back
    return frame.f_lineno, False, namespace


def module_line(frame: FrameType | None) -> int:
    """The line of the module body a few frames above: of ``from lazy import name`` for what
    lazy's ``__getattr__`` imports.
    """
    for _ in range(_NEAR):
        if frame is None:
            break
        if not frame.f_code.co_flags & IN_FUNCTION:
            return frame.f_lineno
        frame = frame.f_back
    return 0


def outside_importlib(frame: FrameType | None) -> FrameType | None:
    """The innermost frame at or above this one that is not the import system's."""
    while frame is not None and frame.f_code.co_filename in _SKIPPED:
        frame = frame.f_back
    return frame


def modules_without_parts() -> frozenset[str]:
    """The modules that are there and are not packages: whatever is taken from them, nothing more
    is loaded.
    """
    return frozenset(
        name
        for name, module in sys.modules.items()
        if type(module) is ModuleType and "__path__" not in vars(module)
    )
