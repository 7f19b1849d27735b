"""A corpus of DAG files that do what no DAG file should, with the status that each must have.

``bench/behaviours.py`` scans each next to two clean files. Nothing here harms the machine: what
takes memory or processes has a limit of its own, and nothing is sent to processes of others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hostile.above import ABOVE
from hostile.answers import ANSWERS
from hostile.clocks import CLOCKS
from hostile.dags import DAGS
from hostile.entry import CLEAN, CLEAN_TASKS, Behaviour, clean_files
from hostile.errors import ERRORS
from hostile.exits import EXITS
from hostile.files import FILES
from hostile.lookups import LOOKUPS
from hostile.memory import MEMORY
from hostile.modules import MODULES
from hostile.names import NAMES
from hostile.operators import OPERATORS
from hostile.output import OUTPUT
from hostile.patches import PATCHES
from hostile.processes import PROCESSES
from hostile.sources import SOURCES
from hostile.state import STATE
from hostile.texts import TEXTS

__all__ = ["CLEAN", "CLEAN_TASKS", "FAMILIES", "Behaviour", "behaviour", "clean_files"]

FAMILIES: Mapping[str, Sequence[Behaviour]] = {
    "exits": EXITS,
    "output": OUTPUT,
    "memory": MEMORY,
    "clocks": CLOCKS,
    "processes": PROCESSES,
    "above": ABOVE,
    "errors": ERRORS,
    "modules": MODULES,
    "patches": PATCHES,
    "files": FILES,
    "state": STATE,
    "dags": DAGS,
    "operators": OPERATORS,
    "lookups": LOOKUPS,
    "names": NAMES,
    "texts": TEXTS,
    "sources": SOURCES,
    "answers": ANSWERS,
}


def behaviour(name: str) -> Behaviour:
    """One entry of the corpus, by its name."""
    return next(entry for family in FAMILIES.values() for entry in family if entry.name == name)
