"""How the zygote and its workers end."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING

from ..system import folders
from ..system.kernel import kill_leftovers

if TYPE_CHECKING:
    from ..protocol.zygote import Config


def clean_up(config: Config, *, is_over: bool = True) -> None:
    """End what this process started, and remove its files unless another zygote needs them."""
    kill_leftovers(set())
    if is_over and config["removes_scratch"]:
        folders.remove(config["scratch"])


def print_traceback() -> None:
    try:
        traceback.print_exc()
    except OSError:  # dagprof is gone, and nobody reads the pipe
        pass


def leave(code: int) -> None:
    """End this process without its exit handlers."""
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        pass
    os._exit(code)
