"""Why a DAG file gave no DAGs, or not all of them: errors, missing answers, lost DAGs."""

from __future__ import annotations

import re

from dagprof.model.base import Frozen, LineNumber

_NO_MODULE = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")


class Failure(Frozen, frozen=True):
    """Why a file gave no DAGs. ``traceback`` holds the user's frames only. ``cause`` is the first
    exception of a chain.
    """

    type: str
    message: str
    traceback: str = ""
    cause: str = ""
    file: str = ""
    line: LineNumber = 0

    @property
    def missing_module(self) -> str:
        """The module that could not be found, even if the failure is another exception that names
        it; empty for other failures.
        """
        found = _NO_MODULE.search(f"{self.type}: {self.message}") or _NO_MODULE.search(self.cause)
        return found[1] if found else ""


class Unanswered(Frozen, frozen=True):
    """An answer that a file fails without, and the user's line that asks for it.

    ``kind`` is ``variable``, ``connection`` or ``environment``.
    """

    kind: str
    key: str
    file: str
    line: LineNumber

    @property
    def noun(self) -> str:
        """The missing answer in words."""
        return {"variable": "Variable", "connection": "Connection"}.get(
            self.kind, "the environment variable"
        )

    @property
    def place(self) -> str:
        """The file's name and the line."""
        return f"{self.file.rpartition('/')[2]}:{self.line}"

    @property
    def way_out(self) -> str:
        """What the user can do, in one clause."""
        if self.kind == "environment":
            return f"set {self.key} in the environment, or supply {self.key} with --env-file FILE"
        return f"supply the {self.noun} with --{self.kind}s FILE"


class LostDag(Frozen, frozen=True):
    """A DAG that the file created and Airflow did not find: no global name holds it, and no
    ``with`` statement used it.
    """

    dag_id: str
    file: str = ""
    line: LineNumber = 0
