"""The state of the garbage collector when a parse starts, as in a processor that has run for a while."""

from __future__ import annotations

import gc

# Counts of the first and second older generation at a usual point of a real processor: see docs/how-it-works.md.
FROZEN, NOT_FROZEN = (5, 1), (4, 5)


# While Airflow is imported: each object is looked at once, instead of dozens of times. Half the price, and garbage goes.
_WHILE_IMPORTING = (30_000, 1_000, 1_000)
_ordinary = gc.get_threshold()


def hurry() -> None:
    """Let the collector run rarely until ``settle``."""
    gc.set_threshold(*_WHILE_IMPORTING)


def settle(has_frozen: bool) -> None:
    """Collect once, then leave thresholds and counts where they usually are, with the collector off."""
    gc.disable()
    gc.set_threshold(*_ordinary)
    young, old = FROZEN if has_frozen else NOT_FROZEN
    gc.collect()
    for _ in range(old):
        gc.collect(1)
    for _ in range(young):
        gc.collect(0)
