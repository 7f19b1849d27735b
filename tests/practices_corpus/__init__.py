"""DAG files with planted faults: each fault that ``dagprof check`` finds, in five ways.

The sources follow the descriptions of the rules (``dagprof rules CODE``), not their code.
``bench/practices_recall.py`` counts how many of the faults dagprof finds.
"""

from __future__ import annotations

import importlib

from practices_corpus.planted import Planted

MODULES = (
    "imports",
    "calls",
    "lookups",
    "reach",
    "business_logic",
    "many",
    "files",
    "stability",
    "schedule",
    "idempotency",
    "local_files",
    "purpose",
)


def corpus() -> list[Planted]:
    """Return all entries, by rule."""
    found = [
        entry
        for name in MODULES
        for entry in importlib.import_module(f"practices_corpus.{name}").PLANTED
    ]
    return sorted(found, key=lambda entry: entry.rule)
