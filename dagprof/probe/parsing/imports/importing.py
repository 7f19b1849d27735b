"""Finds the line that imports something from the frames above: in a module, in a function, or in
code that ``exec`` ran.
"""

from __future__ import annotations

import importlib
import sys
from types import FrameType, ModuleType
from typing import Dict, Iterable, Mapping, Sequence

from ... import origin

# The globals of a module.
Namespace = Dict[str, object]
# Code of functions has this flag. Code of modules and class bodies does not.
IN_FUNCTION = 0x1
# At most so many frames separate an import statement and the function that a lazy module runs for
# it. A larger distance means an ordinary call.
_NEAR = 12
# Includes ``importlib/__init__.py``, because its ``import_module`` only acts for its caller.
_SKIPPED = (*origin.IMPORTLIB, importlib.__file__)


def place_of(frame: FrameType, namespace: Namespace | None) -> tuple[int, bool, Namespace | None]:
    """The line of an import statement, whether ``exec`` ran the code, and the namespace of the
    module.

    If code was read from elsewhere or made from text, its line numbers mean nothing in the user's
    file. The result is then the line of the user's file that had the code executed, and that file's
    namespace.
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
    """The line of a module body a few frames above. For an import in a lazy module's
    ``__getattr__``, it is the line of ``from lazy import name``.
    """
    for _ in range(_NEAR):
        if frame is None:
            break
        if not frame.f_code.co_flags & IN_FUNCTION:
            return frame.f_lineno
        frame = frame.f_back
    return 0


def outside_importlib(frame: FrameType | None) -> FrameType | None:
    """The innermost frame at or above this one that is outside the import system."""
    while frame is not None and frame.f_code.co_filename in _SKIPPED:
        frame = frame.f_back
    return frame


def modules_without_parts() -> frozenset[str]:
    """The loaded modules that are not packages. Taking a name from one of them loads nothing
    more.
    """
    return frozenset(
        name
        for name, module in sys.modules.items()
        if type(module) is ModuleType and "__path__" not in vars(module)
    )


def targets(
    namespace: Mapping[str, object], name: str, fromlist: Sequence[str] | None, level: int
) -> list[str]:
    """The loaded modules that one import statement asked for."""
    if level:
        package = namespace.get("__package__")
        package = package if isinstance(package, str) else ""
        base = package.rsplit(".", level - 1)[0] if level > 1 else package
        name = base + "." + name if name else base
    found = [name] if name in sys.modules else []
    for part in _parts(name, fromlist):
        if isinstance(part, str) and name + "." + part in sys.modules:
            found.append(name + "." + part)
    return found


def _parts(name: str, fromlist: Sequence[str] | None) -> Iterable[object]:
    """The names that a ``from`` import takes. A star takes all names that the module exports."""
    if fromlist and "*" in fromlist:
        return getattr(sys.modules.get(name), "__all__", None) or ()
    return fromlist or ()
