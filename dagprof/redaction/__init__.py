"""Keeps secrets out of everything that dagprof writes: names that announce them, patterns of what
they look like, values that are known, and the redactor that masks them.
"""

from __future__ import annotations

from dagprof.redaction.names import is_secret
from dagprof.redaction.redactor import MASK, Redactor

__all__ = ["MASK", "Redactor", "is_secret"]
