"""Cuts texts, which DAG code may make as long as it likes.

What leaves the measured process is looked through for secrets by the process that asked for it.
Half a secret would not be found there, so a text ends where a word does.
"""

from __future__ import annotations

_LONGEST_WORD = 500


def cut(text: str, limit: int) -> str:
    """At most ``limit`` characters, without the word that would be cut in two."""
    if len(text) <= limit:
        return text
    kept = text[:limit]
    if text[limit : limit + 1].isspace():
        return kept
    end = max(kept.rfind(space, max(0, limit - _LONGEST_WORD)) for space in (" ", "\n", "\t"))
    return kept[:end] if end > 0 else kept
