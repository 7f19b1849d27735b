"""What the judge says of one file, from where a change counts, and what became of the file.
Values only.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

# With fewer pairs an interval means nothing.
FEWEST_FOR_INTERVAL = 4


class Limits(NamedTuple):
    """From where a change counts: above both a share of the base and a time in ms."""

    relative: float
    absolute_ms: float

    def least_ms(self, base_ms: float) -> float:
        """The smallest change that counts for a file that takes ``base_ms``."""
        return max(self.absolute_ms, self.relative * base_ms)

    def at_least(self, other: Limits) -> Limits:
        """The wider of both, figure by figure."""
        return Limits(max(self.relative, other.relative), max(self.absolute_ms, other.absolute_ms))


class Kind(str, enum.Enum):
    """What the parse times say."""

    SLOWER = "slower"
    FASTER = "faster"
    UNCHANGED = "unchanged"
    OPEN = "open"


class Outcome(str, enum.Enum):
    """What became of one file."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    UNCHANGED = "unchanged"
    CANNOT_TELL = "cannot tell"
    NEW = "new"
    GONE = "gone"


class Judgement(NamedTuple):
    """What is known of one file's parse time.

    The change is in ms. From pairs, ``low_ms`` and ``high_ms`` are its 95 % interval, and
    ``p_slower`` and ``p_faster`` the chance of it without a real change; from two Runs they are
    four standard errors away, and both chances are 1. ``pairs`` is the number of parses of the side
    that has fewer. ``why`` is a clause that says why the question is open, where there is more to
    say than the interval does.
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
        """What became of a file that is there on both sides."""
        return _OUTCOMES[self.kind]

    def is_not_slower(self, least_ms: float) -> bool:
        """Whether there were pairs enough for an interval, and it holds no change of
        ``least_ms`` or more to the slower side.
        """
        return self.pairs >= FEWEST_FOR_INTERVAL and self.high_ms < least_ms

    def left_open(self, why: str) -> Judgement:
        """The same figures without an answer."""
        return self._replace(kind=Kind.OPEN, why=why)


_OUTCOMES = {
    Kind.SLOWER: Outcome.REGRESSION,
    Kind.FASTER: Outcome.IMPROVEMENT,
    Kind.UNCHANGED: Outcome.UNCHANGED,
    Kind.OPEN: Outcome.CANNOT_TELL,
}
