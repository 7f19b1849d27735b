"""The state of the garbage collector when a parse starts, as in a processor that has run for a
while.

A full collection walks all of Airflow's objects: 110 to 150 ms where they are not frozen. CPython
does one when the second older generation has been collected more often than its threshold, and
objects have come into it since the last full collection that are a quarter of those that survived
that one. Whether a parse that imports much pays for it therefore depends on the history of the
manager that forked it.
"""

from __future__ import annotations

import gc
import os
import re
import sys

# Counts of the first and second older generation at a usual point of a real processor: see
# docs/how-it-works.md.
FROZEN, NOT_FROZEN = (5, 1), (4, 5)

# While an Airflow is imported that freezes its objects afterwards: each is looked at once, instead
# of dozens of times. In 3.3.2 that leaves 400 dead objects of 275,000; the usual thresholds leave
# 3,000, and a full collection at the end would last 170 ms.
_WHILE_IMPORTING = (5_000, 1_000, 1_000)
_FREEZING = (3, 1)
_DISTRIBUTION = re.compile(r"apache_airflow(?:_core)?-(\d+)\.(\d+)")
# CPython's rule for full collections.
_DUE_SHARE = 0.25


class Collector:
    """Keeps what Airflow, a plugin or local settings made of the collector: thresholds of their
    own, or none at all.
    """

    def __init__(self) -> None:
        self._thresholds = gc.get_threshold()
        self._is_on = True
        self._survivors: int | None = None
        self.has_collected = False

    def begin(self) -> None:
        """Before Airflow is imported: let it run rarely where its objects will be frozen;
        elsewhere watch its usual course.
        """
        if _will_freeze():
            gc.set_threshold(*_WHILE_IMPORTING)
        else:
            gc.callbacks.append(self._note)

    def _note(self, phase: str, details: dict[str, int]) -> None:
        if phase == "stop" and details["generation"] == 2:
            self._survivors = len(gc.get_objects(generation=2))

    def settle(self, has_frozen: bool) -> None:
        """Leave the state in which the manager will be for most of its time, with the collector off
        until ``resume``.

        Where a full collection is due, the manager itself will do it within some hundreds of forks,
        and parses start after that. Where none is due, each parse that brings enough objects does
        one.
        """
        self._is_on = gc.isenabled()
        gc.disable()
        if gc.get_threshold() == _WHILE_IMPORTING:
            gc.set_threshold(*self._thresholds)
        if self._note in gc.callbacks:
            gc.callbacks.remove(self._note)
        if has_frozen or self._is_due():
            self._collect(*(FROZEN if has_frozen else NOT_FROZEN))

    def settle_again(self, is_wanted: bool) -> None:
        """After the manager has imported more: what came into the second older generation may make
        a full collection due.

        Where it ``is_wanted``, there is one in any case: both sides of a comparison start in the
        same state.
        """
        if self._survivors is not None and (
            self._is_due() or (is_wanted and not self.has_collected)
        ):
            gc.disable()
            self._collect(*NOT_FROZEN)
            self.resume()

    def _is_due(self) -> bool:
        if self._survivors is None:
            return True
        return len(gc.get_objects(generation=2)) - self._survivors >= _DUE_SHARE * self._survivors

    def _collect(self, young: int, old: int) -> None:
        """A full collection, and so many of the younger generations after it, as their counts
        shall be.
        """
        self.has_collected = True
        gc.collect()
        for _ in range(old):
            gc.collect(1)
        for _ in range(young):
            gc.collect(0)
        self._survivors = len(gc.get_objects(generation=2)) if self._survivors is not None else None

    def resume(self) -> None:
        """As it was left when Airflow had been imported."""
        if self._is_on:
            gc.enable()


def _will_freeze() -> bool:
    """Whether Airflow's manager will freeze its objects: 3.1 and later, by the name of its
    metadata; nothing is imported yet.
    """
    for folder in sys.path:
        try:
            names = os.listdir(folder or os.curdir)
        except OSError:
            continue
        found = [
            tuple(map(int, match.groups())) for match in map(_DISTRIBUTION.match, names) if match
        ]
        if found:
            return max(found) >= _FREEZING
    return False
