"""Keeps the compiled form of user code in the scratch folder, so that a scan leaves no
``__pycache__`` behind.

Installed packages keep using their own bytecode. If the user switched bytecode off or moved it,
nothing changes.
"""

from __future__ import annotations

import importlib._bootstrap_external as external
import os
import sys
from types import CodeType
from typing import Callable

from .. import origin


def warm_up(file: str) -> None:
    """Compile a DAG file to bytecode without running it, as an earlier parse would have done."""
    if file.endswith(".py"):
        try:
            external.SourceFileLoader("dag_file", file).get_code("dag_file")
        except Exception:  # the parse will fail for the same reason
            return


class Compilations:
    """Counts the modules that are compiled while this counter is installed. A parse that compiled
    modules is not a warm one.
    """

    def __init__(self) -> None:
        self.count = 0

    def install(self) -> None:
        ordinary: Callable[..., CodeType] = external.SourceLoader.source_to_code

        def source_to_code(*args: object, **kwargs: object) -> CodeType:
            self.count += 1
            return ordinary(*args, **kwargs)

        setattr(external.SourceLoader, "source_to_code", source_to_code)  # noqa: B010


def redirect(folder: str) -> None:
    """From now on, bytecode of user code is read from and written to ``folder``."""
    if sys.dont_write_bytecode or getattr(sys, "pycache_prefix", None):
        return
    ordinary: Callable[..., str] = external.cache_from_source
    elsewhere = origin.SITE_FOLDERS + origin.STDLIB_FOLDERS

    def cache_from_source(
        path: str | os.PathLike[str],
        debug_override: bool | None = None,
        *,
        optimization: object = None,
    ) -> str:
        usual = ordinary(path, debug_override, optimization=optimization)
        if usual.startswith(elsewhere):
            return usual
        return os.path.join(folder, os.path.abspath(usual).lstrip(os.sep))

    external.cache_from_source = cache_from_source
