"""The input and the output of a rule."""

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
    file without DAGs is a finding even if it had none in the base.
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
        """Whether the base failed. Nobody knows what it would have done after that point."""
        return self.base is not None and self.base.file.status.is_failure

    @property
    def is_traced(self) -> bool:
        """Whether all imports and effects of the base are known, or there is no base."""
        return self.base is None or (self.base.file.trace is not None and not self.base_broke_off)


class Found(NamedTuple):
    """A place and what the rule found there, in one sentence.

    ``is_note``: it is a note, not a finding, because other DAG files already do the same or the
    base may have done it.
    """

    place: Place
    message: str
    is_note: bool = False
