"""Why a file became slower: what its traced parse does that the other one did not, with the line
to look at.
"""

from __future__ import annotations

from dagprof.gate.reasons.cause import cause

__all__ = ["cause"]
