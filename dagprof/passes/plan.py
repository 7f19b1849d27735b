"""Decides which pass a file gets next. All functions are pure functions of the results so far."""

from __future__ import annotations

import enum
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from dagprof.config.settings import Depth
from dagprof.robust import FEWEST, are_enough, standard_error_of_median

MOST = 5
# Below this time, two parses that agree are enough.
QUICK_MS = 100.0
# Up to this time a repeat is cheap. Slower files get fewer parses, because their noise is small in
# relation to their time.
SLOW_MS = 1_000.0
VERY_SLOW_MS = 5_000.0
# A first parse this slow counts even if it waited for the disk.
TOO_SLOW_TO_REPEAT_MS = 20_000.0
STABLE_SHARE = 0.05
STABLE_MS = 3.0
# A trace that took this much longer than the median parse was disturbed, or waited for a cold disk.
DISTURBED_SHARE = 1.25
DISTURBED_MS = 30.0
# A trace that waited this much for a processor was disturbed too. Nothing shows where it waited,
# and since Linux 6.12 the kernel counts some sleeps as such waits.
WAITED_SHARE = 0.1
MOST_TRACES = 3

# Modules of the user's code whose own code takes this long get times for each of their statements,
# in one more tracing pass.
HELPER_MS = 5.0
HELPER_SHARE = 0.05
MOST_HELPERS = 50

# A file with a shorter load stage is not worth a tracing pass, unless there are few files.
TRACED_FROM_MS = 20.0
FEW_FILES = 20


class Mode(str, enum.Enum):
    """The kind of a pass. The probe uses the same names."""

    TIMING = "timing"
    TRACE = "trace"
    STACKS = "stacks"
    START = "start"


def needs_more(wall_ms: Sequence[float], own_ms: Sequence[float], repeat: int | None) -> bool:
    """Whether another timed parse is due: until there are ``repeat``, or until the median is
    stable.

    Two parses are enough if they agree both with and without the wait for a processor, because
    reports show the first time and comparisons use the second.
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
    """Whether a file gets a tracing pass. At normal depth, every file does if there are few;
    otherwise only files with a long load stage.
    """
    return depth in (Depth.FULL, Depth.TRACED) or (
        depth is Depth.NORMAL and (files <= FEW_FILES or load_ms >= TRACED_FROM_MS)
    )


def is_sampled(depth: Depth, parse_ms: float, from_ms: float | None) -> bool:
    """Whether dagprof samples a file's call stacks. At full depth the threshold is a tenth of
    ``from_ms``.
    """
    if depth is Depth.QUICK or from_ms is None:
        return False
    return parse_ms >= (from_ms / 10 if depth is Depth.FULL else from_ms)


class Proof(NamedTuple):
    """The limits of experiments at one depth: the smallest saving, statements of one file, rounds,
    files per helper.

    ``share_of_scan`` limits their time to a share of the earlier passes' time, but to at least
    ``least_s`` seconds; None for no limit. One file may take about ``file_s`` seconds.
    """

    smallest_ms: float
    statements: int
    rounds: int
    files_per_helper: int
    share_of_scan: float | None
    least_s: float
    file_s: float = 60.0

    def affordable(self, parse_ms: float) -> int:
        """How many statements of a file can be tried, each by one parse, in half of the file's
        time.
        """
        return max(1, min(self.statements, int(self.file_s * 500 / max(1.0, parse_ms))))

    def timed(self, parse_ms: float) -> int:
        """How many sets of statements can be timed, each by two parses a round."""
        return max(1, int(self.file_s * 1000 / max(1.0, 2 * self.rounds * parse_ms)))


# A smaller share of the whole parse loop is not worth an experiment, unless the saving is at least
# ``WORTH_MS``.
WORTH_SHARE = 0.03
WORTH_MS = 50.0


def worth_ms(proof: Proof, total_ms: float) -> float:
    """The smallest saving that is worth an experiment in a folder whose parse loop takes
    ``total_ms``. At full depth it does not depend on ``total_ms``.
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
        least_s=6.0,
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
    """Whether another tracing pass is due. It is if the best pass so far took much longer than a
    plain parse, or waited too long.

    Some files always take much longer when they are traced. So for that reason alone there is only
    one more pass; slow files also get only one more.
    """
    if parse_ms >= VERY_SLOW_MS or passes >= MOST_TRACES:
        return False
    took_longer = traced_ms > DISTURBED_SHARE * parse_ms + DISTURBED_MS
    waited = waited_ms > WAITED_SHARE * parse_ms + STABLE_MS
    return took_longer or waited if passes == 1 else waited and parse_ms < SLOW_MS
