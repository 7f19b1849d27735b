"""The input and the output of a rule."""

from __future__ import annotations

from typing import NamedTuple

from dagprof.config.policy import FileLimits
from dagprof.gate.parsed import Parsed
from dagprof.gate.precedents import Precedents
from dagprof.model import Place


class Case(NamedTuple):
    """Both parses of one DAG file, the limits of the file, and Airflow's import timeout in ms (0
    for no timeout). ``base`` is None for a new file.

    ``precedents`` lists the effects and imports that other DAG files of the base have through
    helpers. If ``every_failure`` is true, a file without DAGs is a finding, even if the file had no
    DAGs in the base.
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
        """Whether the parse of the base version failed. The effects of the remaining code are then
        unknown.
        """
        return self.base is not None and self.base.file.status.is_failure

    @property
    def is_traced(self) -> bool:
        """Whether all imports and effects of the base version are known. True for a new file
        without a base.
        """
        return self.base is None or (self.base.file.trace is not None and not self.base_broke_off)


class Found(NamedTuple):
    """The place of a result, and a one-sentence description of the result.

    ``is_note`` marks a note that is not a finding. Other DAG files already have the same result, or
    the base version may have the same result.
    """

    place: Place
    message: str
    is_note: bool = False
