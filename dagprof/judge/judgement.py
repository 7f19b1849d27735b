"""Values: the judgement of one file, the limits of a change, and the outcome of a file."""

from __future__ import annotations

import enum
from typing import NamedTuple

# With fewer pairs an interval has no meaning.
FEWEST_FOR_INTERVAL = 4


class Limits(NamedTuple):
    """The limits of a change. A change counts if the change exceeds both limits: a share of the
    base, and a time in ms.
    """

    relative: float
    absolute_ms: float

    def least_ms(self, base_ms: float) -> float:
        """The smallest change that counts for a file whose base takes ``base_ms``."""
        return max(self.absolute_ms, self.relative * base_ms)

    def at_least(self, other: Limits) -> Limits:
        """The larger value of each limit."""
        return Limits(max(self.relative, other.relative), max(self.absolute_ms, other.absolute_ms))


class Kind(str, enum.Enum):
    """The result of a comparison of parse times."""

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

    The change is in ms. For pairs of parses, ``low_ms`` and ``high_ms`` are the ends of the 95 %
    interval. ``p_slower`` and ``p_faster`` are the probabilities of such a change without a real
    change. For two Runs, ``low_ms`` and ``high_ms`` are four standard errors from the change, and
    both probabilities are 1. ``pairs`` is the number of parses of the version with fewer parses.
    ``why`` is a clause with the reason for an open result; it is empty if the interval is the
    reason.
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
        """The outcome of a file that exists in both versions."""
        return _OUTCOMES[self.kind]

    def is_not_slower(self, least_ms: float) -> bool:
        """Whether the interval excludes a slow-down of ``least_ms`` or more. False if there are too
        few pairs for an interval.
        """
        return self.pairs >= FEWEST_FOR_INTERVAL and self.high_ms < least_ms

    def left_open(self, why: str) -> Judgement:
        """The same figures with the result ``open``."""
        return self._replace(kind=Kind.OPEN, why=why)


_OUTCOMES = {
    Kind.SLOWER: Outcome.REGRESSION,
    Kind.FASTER: Outcome.IMPROVEMENT,
    Kind.UNCHANGED: Outcome.UNCHANGED,
    Kind.OPEN: Outcome.CANNOT_TELL,
}
