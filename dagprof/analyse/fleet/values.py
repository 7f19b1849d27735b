"""The values of a change, a step and a plan. All times exclude waiting for a processor."""

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
    """One import statement or call, and what its removal alone would save over all files, in ms of
    parse time per loop.

    ``proved_ms`` is the part of ``saving_ms`` that experiments measured. ``loads`` names the
    modules that the statement asks for. ``chain`` holds the lines through which these were first
    loaded, starting at the DAG file. ``modules`` and ``memory_kib`` describe the file in which the
    statement matters most. ``not_needed``, ``needed`` and ``untried`` count files; ``reason`` names
    what needed the statement. ``in_function`` and ``is_star`` say what kind of statement it is.
    ``used_in`` names other files that take its names. ``is_unused`` says that nothing uses them,
    ``in_hints`` that only type hints do. ``freed_by`` holds the calls that alone need an import
    while the file is parsed. ``called`` names what a call calls, and ``assigned`` the names that
    keep its value. Both are empty for an import statement.
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
    """Changes of the plan that belong together. A step holds what they add to earlier steps, the
    total after them in ms, and how many files become faster.

    ``proved_ms`` is the part of ``adds_ms`` in files where experiments timed exactly these and the
    earlier changes.
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
    """The steps, in the order in which they save most. ``floor_ms`` is the total parse time once
    every import that experiments found unnecessary is gone.

    ``untried`` counts the lines that would save time but that no experiment has tried.
    """

    before_ms: float
    steps: tuple[Step, ...]
    floor_ms: float
    files_faster: int
    untried: int = 0

    @property
    def after_ms(self) -> float:
        """Total parse time after the last step."""
        return self.steps[-1].total_ms if self.steps else self.before_ms

    @property
    def files_touched(self) -> int:
        """How many source files the changes are in."""
        return len({change.place.file for step in self.steps for change in step.changes})
