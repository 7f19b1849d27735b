"""Removes secrets from everything that dagprof writes. This package finds secrets by the name of a
setting, by the form of a text, and by known secret values. The redactor masks the secrets.
"""

from __future__ import annotations

from dagprof.redaction.names import is_secret
from dagprof.redaction.redactor import MASK, Redactor

__all__ = ["MASK", "Redactor", "is_secret"]
