"""Records the effects of a parse besides building DAGs, each at the user's line that caused it.

Most effects come from audit events, which cost nothing until they happen. The watchers replace
functions only to measure a time or if no event shows the effect. Installing the watchers imports
nothing. They stay installed, because the process ends after this parse.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Callable, Iterable

from .. import bounds, origin
from .databases import DatabaseWatch
from .executed import ExecutionWatch
from .exits import ExitWatch
from .files import FileWatch
from .late import LatePatches
from .ledger import Ledger
from .network import NetworkWatch
from .processes import ProcessWatch
from .state import StateWatch

if TYPE_CHECKING:
    from ..protocol.result import EffectRow
    from .events import Arguments, Handlers

_WARNING = re.compile(r"(?P<file>.+?):(?P<line>\d{1,9}): (?P<text>[\w.]+: .*)", re.S)


class Effects:
    """All watchers around one parse. ``root`` holds the DAG files. Access to files below
    ``scratch`` is never an effect.
    """

    def __init__(self, root: str, scratch: str, dag_file: str) -> None:
        self._ledger = Ledger()
        self._late = LatePatches()
        self._files = FileWatch(self._ledger, root, scratch, dag_file)
        self._network = NetworkWatch(self._ledger)
        self._processes = ProcessWatch(self._ledger)
        self._databases = DatabaseWatch(self._ledger)
        self._state = StateWatch(self._ledger)
        self._executions = ExecutionWatch(self._ledger, root)
        self._is_over = False

    def install(self, api: object, *, runs_exit_handlers: bool = False) -> None:
        """Start watching. With ``api`` (may be None), the watch recognises Airflow's own
        database.
        """
        if runs_exit_handlers:
            ExitWatch(self._ledger).install(self._late)
        self._network.install(self._late)
        self._processes.install(self._late)
        self._databases.install(self._late, api)
        self._state.install(self._late)
        sys.addaudithook(self._hook())

    def _hook(self) -> Callable[[str, Arguments], None]:
        handlers: Handlers = {"import": self._on_import}
        for watch in (
            self._files,
            self._network,
            self._processes,
            self._databases,
            self._state,
            self._executions,
        ):
            handlers.update(watch.events())
        find = handlers.get

        def hook(event: str, args: Arguments) -> None:
            handler = find(event)
            if handler is not None and not self._is_over:
                try:
                    handler(args)
                except Exception:
                    return

        return hook

    def _on_import(self, args: Arguments) -> None:
        self._late.on_import(args)
        self._state.on_import()

    def checkpoint(self, file: str, line: int) -> None:
        """A top-level statement of the DAG file begins at this line."""
        self._late.catch_up()
        self._state.checkpoint(file, line)

    def add_warnings(self, texts: Iterable[str]) -> None:
        """Add warnings in Airflow's form, ``file:line: Category: message``. Only warnings of user
        files count.
        """
        for text in texts:
            match = _WARNING.match(text[: 2 * bounds.PATH])
            if match is not None and origin.of_file(match["file"]) == origin.USER:
                self._ledger.add(
                    "warning", match["text"].strip(), match["file"], int(match["line"])
                )

    @property
    def left_out(self) -> int:
        """The number of effects that have no row."""
        return self._ledger.left_out

    def rows_so_far(self) -> list[EffectRow]:
        """The effects so far. The watch goes on, and effects that are undone later are still
        included.
        """
        return self._ledger.rows()

    def rows(self) -> list[EffectRow]:
        """End the watch and return all effects: dictionaries with the fields of ``model.Effect``,
        and ``is_running`` for a process that outlives the parse.
        """
        if not self._is_over:
            self._is_over = True
            for watch in (self._files, self._processes, self._state):
                try:
                    watch.finish()
                except (
                    Exception
                ):  # the user's code may have broken anything; the effects found so far stay
                    continue
        return self._ledger.rows()
