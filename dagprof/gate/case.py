"""What a rule is asked about, and what it answers."""

from __future__ import annotations

from typing import NamedTuple

from dagprof.config.policy import FileLimits
from dagprof.gate.parsed import Parsed
from dagprof.gate.precedents import Precedents
from dagprof.model import Place


class Case(NamedTuple):
    """Both parses of one file, its limits, and Airflow's import timeout in ms (0 for none).
    ``base`` is None for a new file.

    ``precedents`` knows what other DAG files of the base do through helpers. ``every_failure``: a
    file without DAGs is a finding although the base had none of it either.
    """

    base: Parsed | None
    head: Parsed
    limits: FileLimits
    timeout_ms: float
    precedents: Precedents = Precedents()
    every_failure: bool = False

    @property
    def path(self) -> str:
        return self.head.file.path

    @property
    def base_broke_off(self) -> bool:
        """Whether the base failed: what it would have done after that is not known."""
        return self.base is not None and self.base.file.status.is_failure

    @property
    def is_traced(self) -> bool:
        """Whether the base's imports and effects are known to the end, or there is no base."""
        return self.base is None or (self.base.file.trace is not None and not self.base_broke_off)


class Found(NamedTuple):
    """A place and what is there, in one sentence.

    ``is_note``: other DAG files do it already, or the base may have done it, so it is not a
    finding.
    """

    place: Place
    message: str
    is_note: bool = False
