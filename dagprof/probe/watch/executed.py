"""Records code that user code executes by ``exec``, ``eval`` or ``runpy``. Such code has no line in
the user's file.
"""

from __future__ import annotations

import os
import sys
from types import CodeType
from typing import TYPE_CHECKING

from .. import bounds, origin
from .ledger import Ledger

if TYPE_CHECKING:
    from .events import Arguments, Handlers

_MOST_NAMES = 6
# Characters of a name.
_NAME = 60


class ExecutionWatch:
    """Records each execution at the user's line that asks for it, with the names that the code
    uses.
    """

    def __init__(self, ledger: Ledger, root: str) -> None:
        self._ledger = ledger
        self._root = root.rstrip(os.sep) + os.sep

    def events(self) -> Handlers:
        return {"exec": self._on_exec}

    def _on_exec(self, args: Arguments) -> None:
        code = args[0]
        if origin.of_file(sys._getframe(2).f_code.co_filename) == origin.USER and code.co_names:
            self._ledger.note("exec", self._shown(code))

    def _shown(self, code: CodeType) -> str:
        file = code.co_filename
        where = (
            "text"
            if file.startswith("<")
            else file[len(self._root) :]
            if file.startswith(self._root)
            else file
        )
        names = ", ".join(bounds.cut(name, _NAME) for name in code.co_names[:_MOST_NAMES])
        return "%s that uses %s%s" % (
            where,
            names,
            " and more" if len(code.co_names) > _MOST_NAMES else "",
        )
