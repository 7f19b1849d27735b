"""Names of distributions."""

from __future__ import annotations

import re


def normalised(name: str) -> str:
    """The name in the form that all spellings share (the specification of names of the Python
    Packaging Authority).
    """
    return re.sub(r"[-_.]+", "-", name).lower()
