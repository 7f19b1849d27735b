"""What the browser's fixtures and tests share: opening a page, the address of a file's view, a
file's modules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from playwright.sync_api import Page
from unit.builders import loads

OpenPage = Callable[..., Page]

# common.frames, which loads pandas, which loads numpy; and json.
LOADED = loads(
    (0, -1, 1_000, 81_000, -1, 1),
    (1, 0, 20_000, 80_000, 0, 1),
    (3, 1, 30_000, 30_000, 1, 7),
    (2, 1, 30_000, 30_000, 1, 9),
    (4, -1, 500, 500, -1, 2),
)


def address(path: str) -> str:
    """The part of an address that stands for a DAG file."""
    return hashlib.sha256(path.encode()).hexdigest()[:12]
