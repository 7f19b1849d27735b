"""Types that the watchers share. For type checkers only; no parse loads this file."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Callable, Dict, Tuple

# The arguments of an audit event. CPython documents them for each event.
Arguments = Tuple[Any, ...]
Handlers = Dict[str, Callable[[Arguments], object]]
# An effect in the ledger: kind, name, file, line.
Key = Tuple[str, str, str, int]
Patch = Callable[[ModuleType], object]
