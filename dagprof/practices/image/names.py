"""Names of distributions."""

from __future__ import annotations

import re


def normalised(name: str) -> str:
    """The name in the form that all spellings share (the specification of names of the Python
    Packaging Authority).
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def squashed(name: str) -> str:
    """The name without the signs between its words, which the name of a module often lacks."""
    return normalised(name).replace("-", "")
