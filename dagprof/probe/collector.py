"""The state of the garbage collector when a parse starts, as in a processor that has run for a while."""

from __future__ import annotations

import gc

# Counts of the first and second older generation at a usual point of a real processor: see docs/how-it-works.md.
FROZEN, NOT_FROZEN = (5, 1), (4, 5)


def settle(has_frozen: bool) -> None:
    """Collect once, then leave the counts where they usually are; the collector has to be off."""
    young, old = FROZEN if has_frozen else NOT_FROZEN
    gc.collect()
    for _ in range(old):
        gc.collect(1)
    for _ in range(young):
        gc.collect(0)
