"""Records what a parse leaves changed in its process, besides DAGs. Serialised DAGs do not show
this effect of an import.
"""

from __future__ import annotations

import atexit
import builtins
import hashlib
import os
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

from ... import bounds

if TYPE_CHECKING:
    from threading import Thread

_sha256 = hashlib.sha256


def snapshot() -> dict[str, dict[str, str]]:
    """Return names and stand-ins for their values, by subject. Read only loaded modules; import
    nothing.

    The result is empty if DAG code has left nothing readable.
    """
    try:
        return {subject: _bounded(values) for subject, values in _snapshot().items()}
    except Exception:
        return {}


def _bounded(values: dict[str, str]) -> dict[str, str]:
    return {
        bounds.cut(name, bounds.WHAT): bounds.cut(value, bounds.WHAT)
        for name, value in islice(values.items(), bounds.STATE_NAMES)
    }


def _snapshot() -> dict[str, dict[str, str]]:
    return {
        "environment variable": {name: _digest(value) for name, value in os.environ.items()},
        "warnings filter": dict.fromkeys(map(repr, _of("warnings", "filters", ())), ""),
        "signal handler": _signal_handlers(),
        "root logger": _root_logger(),
        "sys.path entry": dict.fromkeys(map(str, sys.path), ""),
        "import hook": dict.fromkeys([*map(_name, sys.meta_path), *map(_name, sys.path_hooks)], ""),
        "pickle support": dict.fromkeys(map(_name, _of("copyreg", "dispatch_table", ())), ""),
        "exit handlers": {"number": str(_exit_handlers())},
        "builtin": dict.fromkeys(
            (name for name in dir(builtins) if not name.startswith("__dagprof")), ""
        ),
        "thread": dict.fromkeys((thread.name for thread in _threads()), ""),
        "working directory": {"path": _working_directory()},
    }


def _of(module: str, name: str, default: object) -> Any:
    return getattr(sys.modules.get(module), name, default)


def _digest(value: str) -> str:
    return _sha256(value.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _name(value: object) -> str:
    name = getattr(value, "__qualname__", None) or type(value).__qualname__
    return "%s.%s" % (getattr(value, "__module__", "") or type(value).__module__, name)


def _signal_handlers() -> dict[str, str]:
    handlers: dict[str, str] = {}
    for number in _of("signal", "Signals", ()):
        handler = sys.modules["signal"].getsignal(number)
        if callable(handler):
            handlers[number.name] = _name(handler)
    return handlers


def _root_logger() -> dict[str, str]:
    root = _of("logging", "root", None)
    if root is None:
        return {}
    return {
        "level": str(root.level),
        **dict.fromkeys(("handler " + _name(handler) for handler in root.handlers), ""),
    }


def _exit_handlers() -> int:
    count = getattr(atexit, "_ncallbacks", None)
    return int(count()) if count is not None else 0


def _threads() -> list[Thread]:
    enumerate_threads = _of("threading", "enumerate", None)
    return enumerate_threads() if enumerate_threads is not None else []


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""
