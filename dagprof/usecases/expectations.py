"""What DAG files are held against: a baseline, and from where a change counts."""

from __future__ import annotations

from typing import NamedTuple

from dagprof import quantities
from dagprof.analyse.comparison import Limits
from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.gate import simple
from dagprof.model import Run
from dagprof.store import runs


class Expectations(NamedTuple):
    """What a scan is compared with and may fail on, read and checked before anything is measured.

    ``fails_on_regression``: files that became slower than in ``baseline``, by more than ``limits``,
    fail the scan. ``fail_on`` names further reasons, see ``dagprof.gate.simple.FAIL_ON``.
    """

    limits: Limits = Limits()
    baseline: Run | None = None
    fails_on_regression: bool = False
    fail_on: tuple[str, ...] = ()

    @property
    def need_verdict(self) -> bool:
        """Whether the scan can fail at all; otherwise there is nothing to decide."""
        return self.fails_on_regression or bool(self.fail_on)


def expectations(settings: Settings) -> Expectations:
    """What the settings ask of a scan.

    :raises UsageError: an unknown reason to fail, or a share without a baseline.
    :raises RunFileError: the baseline cannot be read.
    """
    fail_on = simple.check_fail_on(settings.fail_on)
    if settings.fail_on_regression is not None and settings.baseline is None:
        raise UsageError("--fail-on-regression needs a baseline; name one with --baseline.")
    return Expectations(
        limits=limits_of(settings),
        baseline=runs.load(settings.baseline) if settings.baseline else None,
        fails_on_regression=settings.fail_on_regression is not None,
        fail_on=fail_on,
    )


def limits_of(settings: Settings) -> Limits:
    """From where a change counts, by ``fail-on-regression`` and ``regression-floor``."""
    share = settings.fail_on_regression
    relative = Limits().relative if share is None else quantities.parse_share(share)
    return Limits(relative=relative, absolute_ms=quantities.parse_duration_ms(settings.regression_floor))
