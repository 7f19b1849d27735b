"""The values of a change, a step and a plan. All times exclude the time that parses waited for a
CPU.
"""

from __future__ import annotations

from typing import NamedTuple

from dagprof.model import Place

# The minimum saving of a change or a step, in ms over all files.
SMALLEST_MS = 5.0
# The minimum saving at which a file counts as faster.
FASTER_MS = 1.0
# Savings that differ by less than this share are nearly the same.
NEAR_SHARE = 0.1


class Change(NamedTuple):
    """One import statement or call. ``saving_ms`` is the saving if only this statement is removed:
    ms per parse of all files.

    ``proved_ms`` is the part of ``saving_ms`` that experiments measured. ``loads`` names the
    modules that the statement loads. ``chain`` holds the lines through which these modules were
    first loaded, starting in the DAG file. ``modules`` and ``memory_kib`` describe the file in
    which the statement has the largest saving. ``not_needed``, ``needed`` and ``untried`` count
    files. ``reason`` says why a file needs the statement. ``in_function`` and ``is_star`` describe
    the statement. ``used_in`` names other files that import names of the statement. ``is_unused``
    says that no code uses these names. ``in_hints`` says that only type hints use these names.
    ``freed_by`` holds the calls that need an import during parsing, if no other code needs the
    import. ``called`` names the called function, and ``assigned`` names the variables that hold the
    result. ``called`` and ``assigned`` are empty for an import statement.
    ``is_kept`` says that parsing needs the value of the call, but not a new one in each parse;
    ``needed_at`` is then the line that needs the value, if known. ``names`` are the only names of a
    ``from`` import that parsing does not need. ``executors`` are the modules whose functions import
    others while the statement runs.
    """

    place: Place
    loads: tuple[str, ...]
    chain: tuple[Place, ...]
    saving_ms: float
    proved_ms: float
    files: int
    modules: int
    memory_kib: int
    not_needed: int
    needed: int
    untried: int
    reason: str
    cautions: tuple[str, ...]
    in_function: bool = False
    is_star: bool = False
    used_in: tuple[Place, ...] = ()
    is_unused: bool = False
    in_hints: bool = False
    freed_by: tuple[Place, ...] = ()
    called: str = ""
    assigned: tuple[str, ...] = ()
    is_kept: bool = False
    needed_at: str = ""
    names: tuple[str, ...] = ()
    executors: tuple[str, ...] = ()

    @property
    def evidence(self) -> str:
        """``needed``, ``proved``, ``partly proved`` or ``estimated``."""
        if self.needed:
            return "needed"
        if (
            self.proved_ms >= self.saving_ms - SMALLEST_MS
            and self.proved_ms > 0
            and not self.untried
        ):
            return "proved"
        return "partly proved" if self.proved_ms >= FASTER_MS else "estimated"


class Step(NamedTuple):
    """Changes of the plan that belong together. ``adds_ms`` is the additional saving after the
    previous steps. ``total_ms`` is the total time after this step. ``files`` is the number of files
    that become faster.

    ``proved_ms`` is the part of ``adds_ms`` in files where experiments measured exactly these and
    the previous changes.
    """

    changes: tuple[Change, ...]
    adds_ms: float
    proved_ms: float
    total_ms: float
    files: int

    @property
    def evidence(self) -> str:
        """``proved``, ``partly proved`` or ``estimated``."""
        if self.proved_ms >= self.adds_ms - SMALLEST_MS:
            return "proved"
        return "partly proved" if self.proved_ms >= FASTER_MS else "estimated"


class Plan(NamedTuple):
    """The steps. The step with the largest saving comes first. ``floor_ms`` is the total parse time
    without all imports that experiments found to be unnecessary.

    ``untried`` counts the lines that would save time and that no experiment has tested.
    """

    before_ms: float
    steps: tuple[Step, ...]
    floor_ms: float
    files_faster: int
    untried: int = 0

    @property
    def after_ms(self) -> float:
        """The total parse time after the last step."""
        return self.steps[-1].total_ms if self.steps else self.before_ms

    @property
    def files_touched(self) -> int:
        """The number of source files that contain the changes."""
        return len({change.place.file for step in self.steps for change in step.changes})
