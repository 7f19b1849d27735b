"""Which pass a file gets next: pure functions of what is known about it so far."""

from __future__ import annotations

import enum
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from dagprof.config.settings import Depth
from dagprof.robust import FEWEST, are_enough, standard_error_of_median

MOST = 5
# Below this two parses that agree are enough.
QUICK_MS = 100.0
# Up to here a repeat is cheap; slower files get fewer, since their noise is small beside their
# time.
SLOW_MS = 1_000.0
VERY_SLOW_MS = 5_000.0
# A first parse this slow counts even when it waited for the disk.
TOO_SLOW_TO_REPEAT_MS = 20_000.0
STABLE_SHARE = 0.05
STABLE_MS = 3.0
# A trace that took this much longer than the median parse was disturbed, or paid for a cold disk.
DISTURBED_SHARE = 1.25
DISTURBED_MS = 30.0
# One that waited this much for a processor was disturbed too: nothing tells where it waited, and
# since Linux 6.12 the kernel counts some sleeps as such waits.
WAITED_SHARE = 0.1
MOST_TRACES = 3

# Below this a file's load stage hides nothing worth a tracing pass of its own, unless there are few
# files anyway.
TRACED_FROM_MS = 20.0
FEW_FILES = 20


class Mode(str, enum.Enum):
    """What a pass does; the probe knows them by the same names."""

    TIMING = "timing"
    TRACE = "trace"
    STACKS = "stacks"


def needs_more(wall_ms: Sequence[float], own_ms: Sequence[float], repeat: int | None) -> bool:
    """Whether another timed parse is due: ``repeat`` of them, or until the median is stable.

    Two are enough where they agree with and without what they waited for a processor: the one is
    shown, the other compared.
    """
    if repeat is not None:
        return len(wall_ms) < repeat
    if not wall_ms:
        return True
    centre, own = statistics.median(wall_ms), statistics.median(own_ms)
    if own >= VERY_SLOW_MS:
        return False
    if len(wall_ms) < FEWEST:
        return not (are_enough(wall_ms) and are_enough(own_ms) and max(wall_ms) < QUICK_MS)
    most = FEWEST if own >= SLOW_MS else MOST
    return len(wall_ms) < most and standard_error_of_median(wall_ms) > max(
        STABLE_MS, STABLE_SHARE * centre
    )


def is_warm_up(compiled: int, blocks_read: int) -> bool:
    """Whether a file's first parse found a cold cache: it compiled modules, or waited for the
    disk.
    """
    return compiled > 0 or blocks_read > 0


def is_traced(depth: Depth, load_ms: float, files: int) -> bool:
    """Whether a file gets a tracing pass: at normal depth all of a few files, else those with a
    load stage that pays.
    """
    return depth in (Depth.FULL, Depth.TRACED) or (
        depth is Depth.NORMAL and (files <= FEW_FILES or load_ms >= TRACED_FROM_MS)
    )


def is_sampled(depth: Depth, parse_ms: float, from_ms: float | None) -> bool:
    """Whether a file's call stacks are sampled; at full depth from a tenth of that on."""
    if depth is Depth.QUICK or from_ms is None:
        return False
    return parse_ms >= (from_ms / 10 if depth is Depth.FULL else from_ms)


class Proof(NamedTuple):
    """How experiments are done at one depth: savings that are looked for, statements of one file,
    rounds, files per helper.

    ``share_of_scan`` bounds their time by what the passes before took, at least ``least_s``
    seconds; None for no bound. One file may take about ``file_s`` seconds.
    """

    smallest_ms: float
    statements: int
    rounds: int
    files_per_helper: int
    share_of_scan: float | None
    least_s: float
    file_s: float = 60.0

    def affordable(self, parse_ms: float) -> int:
        """How many statements of a file can be tried, each by one parse, in half of its time."""
        return max(1, min(self.statements, int(self.file_s * 500 / max(1.0, parse_ms))))

    def timed(self, parse_ms: float) -> int:
        """How many sets of statements can be timed, each by two parses a round."""
        return max(1, int(self.file_s * 1000 / max(1.0, 2 * self.rounds * parse_ms)))


# A saving below this share of the whole parse loop is not worth an experiment, unless it is large
# in itself.
WORTH_SHARE = 0.03
WORTH_MS = 50.0


def worth_ms(proof: Proof, total_ms: float) -> float:
    """From which saving on an experiment pays in a folder whose parse loop takes ``total_ms``;
    at full depth always the same.
    """
    if proof.share_of_scan is None:
        return proof.smallest_ms
    return max(proof.smallest_ms, min(WORTH_MS, WORTH_SHARE * total_ms))


PROOFS = {
    Depth.NORMAL: Proof(
        smallest_ms=15.0,
        statements=6,
        rounds=3,
        files_per_helper=2,
        share_of_scan=0.5,
        least_s=10.0,
    ),
    Depth.FULL: Proof(
        smallest_ms=5.0,
        statements=30,
        rounds=5,
        files_per_helper=1000,
        share_of_scan=None,
        least_s=0.0,
    ),
}


def needs_another_trace(passes: int, traced_ms: float, waited_ms: float, parse_ms: float) -> bool:
    """Whether another tracing pass is due after so many: the best took much longer than a plain
    parse, or waited too long.

    Some files always take that much longer when they are traced: for that alone there is one more,
    and for slow files.
    """
    if parse_ms >= VERY_SLOW_MS or passes >= MOST_TRACES:
        return False
    took_longer = traced_ms > DISTURBED_SHARE * parse_ms + DISTURBED_MS
    waited = waited_ms > WAITED_SHARE * parse_ms + STABLE_MS
    return took_longer or waited if passes == 1 else waited and parse_ms < SLOW_MS
