"""Sets the state of the garbage collector at the start of a parse, as in a processor that has run
for a while.

A full collection walks all of Airflow's objects: 110 to 150 ms if they are not frozen. CPython runs
a full collection under two conditions. The second older generation has been collected more often
than its threshold. And the objects that came into it since the last full collection are a quarter
of the objects that survived that one. So the history of the manager decides whether a parse with
many imports pays for a full collection.
"""

from __future__ import annotations

import gc
import os
import re
import sys

# Counts of the first and second older generation at a usual point of a real processor. See
# docs/how-it-works.md. If the manager has frozen its objects, the second count rises to 34 before
# the manager collects, and its median is 15. With 10, a parse whose imports bring enough new
# objects runs a full collection, as two of three parses there do.
FROZEN, NOT_FROZEN = (6, 10), (4, 5)

# Thresholds for importing an Airflow that later freezes its objects. The collector looks at each
# object once, not dozens of times. In 3.3.2 that leaves 400 dead objects of 275,000. The usual
# thresholds leave 3,000, and a full collection at the end would take 170 ms.
_WHILE_IMPORTING = (5_000, 1_000, 1_000)
_FREEZING = (3, 1)
_DISTRIBUTION = re.compile(r"apache_airflow(?:_core)?-(\d+)\.(\d+)")
# CPython's condition for full collections.
_DUE_SHARE = 0.25


class Collector:
    """Keeps collector settings that Airflow, a plugin or local settings made: their own thresholds,
    or a collector that is off.
    """

    def __init__(self) -> None:
        self._thresholds = gc.get_threshold()
        self._is_on = True
        self._survivors: int | None = None
        self._has_frozen = False
        self.has_collected = False

    def begin(self) -> None:
        """Prepare for the import of Airflow. If Airflow will freeze its objects, collect rarely. If
        not, watch the usual collections.
        """
        if _will_freeze():
            gc.set_threshold(*_WHILE_IMPORTING)
        else:
            gc.callbacks.append(self._note)

    def _note(self, phase: str, details: dict[str, int]) -> None:
        if phase == "stop" and details["generation"] == 2:
            self._survivors = len(gc.get_objects(generation=2))

    def settle(self, has_frozen: bool) -> None:
        """Set the state in which the manager spends most of its time. The collector is off until
        ``resume``.

        If a full collection is due, the manager itself runs it within some hundreds of forks, and
        parses start after that. If none is due, each parse with enough new objects runs one.
        """
        self._is_on = gc.isenabled()
        self._has_frozen = has_frozen
        gc.disable()
        if gc.get_threshold() == _WHILE_IMPORTING:
            gc.set_threshold(*self._thresholds)
        if self._note in gc.callbacks:
            gc.callbacks.remove(self._note)
        if has_frozen or self._is_due():
            self._collect(*(FROZEN if has_frozen else NOT_FROZEN))

    def settle_again(self, is_wanted: bool) -> None:
        """Check again after the manager has imported more. New objects in the second older
        generation may make a full collection due.

        If ``is_wanted``, run one in any case, so that both sides of a comparison start in the same
        state.
        """
        if self._survivors is not None and (
            self._is_due() or (is_wanted and not self.has_collected)
        ):
            gc.disable()
            self._collect(*NOT_FROZEN)
            self.resume()

    def settle_preloaded(self) -> None:
        """Set the state again after this process has imported modules that the manager would have
        imported at its start. The collector stays off.
        """
        if self._has_frozen:
            gc.collect()
            gc.freeze()
        self._collect(*(FROZEN if self._has_frozen else NOT_FROZEN))

    def _is_due(self) -> bool:
        if self._survivors is None:
            return True
        return len(gc.get_objects(generation=2)) - self._survivors >= _DUE_SHARE * self._survivors

    def _collect(self, young: int, old: int) -> None:
        """Run a full collection, then so many younger ones that the counts of the generations are
        as given.
        """
        self.has_collected = True
        gc.collect()
        for _ in range(old):
            gc.collect(1)
        for _ in range(young):
            gc.collect(0)
        self._survivors = len(gc.get_objects(generation=2)) if self._survivors is not None else None

    def resume(self) -> None:
        """Turn the collector on again, if it was on after the import of Airflow."""
        if self._is_on:
            gc.enable()


def _will_freeze() -> bool:
    """Whether Airflow's manager will freeze its objects: 3.1 and later do. Airflow is not imported
    yet, so the name of its metadata folder gives the version.
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
