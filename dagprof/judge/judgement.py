"""The judgement of one file, the limits of a change, and the outcome of a file. Values only."""

from __future__ import annotations

import enum
from typing import NamedTuple

# With fewer pairs an interval has no meaning.
FEWEST_FOR_INTERVAL = 4


class Limits(NamedTuple):
    """The limits of a change. A change counts if it exceeds both a share of the base and a time in
    ms.
    """

    relative: float
    absolute_ms: float

    def least_ms(self, base_ms: float) -> float:
        """The smallest change that counts for a file that takes ``base_ms``."""
        return max(self.absolute_ms, self.relative * base_ms)

    def at_least(self, other: Limits) -> Limits:
        """The larger of both limits, for each field."""
        return Limits(max(self.relative, other.relative), max(self.absolute_ms, other.absolute_ms))


class Kind(str, enum.Enum):
    """The result of comparing the parse times."""

    SLOWER = "slower"
    FASTER = "faster"
    UNCHANGED = "unchanged"
    OPEN = "open"


class Outcome(str, enum.Enum):
    """The outcome of one file."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    UNCHANGED = "unchanged"
    CANNOT_TELL = "cannot tell"
    NEW = "new"
    GONE = "gone"


class Judgement(NamedTuple):
    """The figures of one file's parse time.

    The change is in ms. From pairs, ``low_ms`` and ``high_ms`` are its 95 % interval. ``p_slower``
    and ``p_faster`` are the chance of such a change without a real one. From two Runs, ``low_ms``
    and ``high_ms`` are four standard errors away, and both chances are 1. ``pairs`` is the number
    of parses of the side that has fewer. ``why`` is a clause that says why the question is open, if
    the interval does not explain it.
    """

    kind: Kind
    base_ms: float
    head_ms: float
    change_ms: float
    low_ms: float
    high_ms: float
    p_slower: float
    p_faster: float
    pairs: int
    why: str = ""

    @property
    def outcome(self) -> Outcome:
        """The outcome of a file that exists on both sides."""
        return _OUTCOMES[self.kind]

    def is_not_slower(self, least_ms: float) -> bool:
        """Whether there are enough pairs for an interval, and the interval excludes a slow-down of
        ``least_ms`` or more.
        """
        return self.pairs >= FEWEST_FOR_INTERVAL and self.high_ms < least_ms

    def left_open(self, why: str) -> Judgement:
        """The same figures with the question left open."""
        return self._replace(kind=Kind.OPEN, why=why)


_OUTCOMES = {
    Kind.SLOWER: Outcome.REGRESSION,
    Kind.FASTER: Outcome.IMPROVEMENT,
    Kind.UNCHANGED: Outcome.UNCHANGED,
    Kind.OPEN: Outcome.CANNOT_TELL,
}
