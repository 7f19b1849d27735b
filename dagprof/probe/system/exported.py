"""Environment variables that the user's code has set in this process.

They may be secrets that no file of the project holds, such as those that a plugin or a DAG file
loads. The process that asked for the parse masks their values wherever they appear.
"""

from __future__ import annotations

import os

from .. import bounds

_MOST, _LONGEST = 500, 20000


class Exported:
    """The variables that differ from those at the beginning, or since the last ``settle``."""

    def __init__(self) -> None:
        self._before = _variables()

    def settle(self) -> None:
        """What is set now was reported."""
        self._before = _variables()

    def new(self) -> dict[str, str]:
        """Names and values that were set since; no cost where nothing was."""
        try:
            now = _variables()
            if now == self._before:
                return {}
            changed = [name for name in now if now[name] != self._before.get(name)][:_MOST]
            return {
                os.fsdecode(name): bounds.words(os.fsdecode(now[name]), _LONGEST)
                for name in changed
            }
        except Exception:  # the DAG file has put anything in its place
            return {}


def _variables() -> dict[bytes, bytes]:
    """A copy without decoding, which would take as long as the rest of a small parse's report."""
    return dict(getattr(os.environ, "_data", {}))
