"""The state of the garbage collector when a parse starts, as in a processor that has run for a while."""

from __future__ import annotations

import gc

# Counts of the first and second older generation at a usual point of a real processor: see docs/how-it-works.md.
FROZEN, NOT_FROZEN = (5, 1), (4, 5)


# While Airflow is imported: each object is looked at once, instead of dozens of times. In 3.3.2 that leaves 400 dead objects
# of 275,000; the usual thresholds leave 3,000, and a full collection at the end would last 170 ms.
_WHILE_IMPORTING = (5_000, 1_000, 1_000)


class Collector:
    """Keeps what Airflow, a plugin or local settings made of the collector: thresholds of their own, or none at all."""

    def __init__(self) -> None:
        self._thresholds = gc.get_threshold()
        self._is_on = True

    def hurry(self) -> None:
        """Let it run rarely until ``settle``."""
        gc.set_threshold(*_WHILE_IMPORTING)

    def settle(self, has_frozen: bool) -> None:
        """Collect once, then leave the counts where they usually are, with the collector off until ``resume``."""
        self._is_on = gc.isenabled()
        gc.disable()
        if gc.get_threshold() == _WHILE_IMPORTING:
            gc.set_threshold(*self._thresholds)
        young, old = FROZEN if has_frozen else NOT_FROZEN
        gc.collect()
        for _ in range(old):
            gc.collect(1)
        for _ in range(young):
            gc.collect(0)

    def resume(self) -> None:
        """As it was left when Airflow had been imported."""
        if self._is_on:
            gc.enable()
