"""What the watchers hand each other. For type checkers only: nothing loads this file."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Callable, Dict, Tuple

# The arguments of an audit event; which, CPython documents for each.
Arguments = Tuple[Any, ...]
Handlers = Dict[str, Callable[[Arguments], object]]
# An effect in the ledger: kind, what, file, line.
Key = Tuple[str, str, str, int]
Patch = Callable[[ModuleType], object]
