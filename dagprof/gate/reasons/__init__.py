"""The reason why a file became slower: actions that only the new version performs, each with its
line.
"""

from __future__ import annotations

from dagprof.gate.reasons.cause import cause

__all__ = ["cause"]
