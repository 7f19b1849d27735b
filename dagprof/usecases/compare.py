"""Compare: two stored Runs side by side, file by file."""

from __future__ import annotations

from dagprof.analyse import comparison
from dagprof.analyse.comparison import Comparison
from dagprof.errors import UsageError
from dagprof.judge.judgement import Limits
from dagprof.judge.runs import LEAST
from dagprof.model import Run
from dagprof.quantities import parse_duration_ms, parse_share


def limits_of(*, share: str = "25%", floor: str = "50ms") -> Limits:
    """The limits below which a change does not count. Both limits can be wider than the defaults,
    not narrower.

    :raises UsageError: ``share`` is not a valid share, or ``floor`` not a valid duration.
    """
    return Limits(relative=parse_share(share), absolute_ms=parse_duration_ms(floor))


def compare(before: Run, after: Run, limits: Limits = LEAST) -> Comparison:
    """Compare two Runs: which files appeared, vanished, or became slower or faster, and how certain
    that is.

    :raises UsageError: the Runs have no file in common.
    """
    if before.files and after.files and not _paths(before) & _paths(after):
        raise UsageError(
            "The runs have no file in common. Their DAG folders are"
            f" {before.root!s:.100} and {after.root!s:.100}. Compare two runs of the same DAG"
            " folder."
        )
    return comparison.compare(before, after, limits)


def _paths(run: Run) -> set[str]:
    return {file.path for file in run.files}
