"""Why a file became slower: what only its new traced parse does, with the line to look at."""

from __future__ import annotations

from dagprof.gate.reasons.cause import cause

__all__ = ["cause"]
