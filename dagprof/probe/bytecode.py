"""Keeps the compiled form of user code in the scratch folder, so that a scan leaves no ``__pycache__`` behind.

Installed packages keep using their own. Nothing changes where the user has switched bytecode off or moved it.
"""

from __future__ import annotations

import importlib._bootstrap_external as external
import os
import sys
from typing import Any

from . import origin


def redirect(folder: str) -> None:
    """From now on, bytecode of user code is read from and written to ``folder``."""
    if sys.dont_write_bytecode or getattr(sys, "pycache_prefix", None):
        return
    ordinary = external.cache_from_source
    elsewhere = origin.SITE_FOLDERS + origin.STDLIB_FOLDERS

    def cache_from_source(path: Any, debug_override: Any = None, *, optimization: Any = None) -> str:
        usual = ordinary(path, debug_override, optimization=optimization)
        if usual.startswith(elsewhere):
            return usual
        return os.path.join(folder, os.path.abspath(usual).lstrip(os.sep))

    external.cache_from_source = cache_from_source
