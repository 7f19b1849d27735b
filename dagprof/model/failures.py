"""The reasons why a DAG file produced no DAGs, or only some of its DAGs: errors, missing values and
lost DAGs.
"""

from __future__ import annotations

import re

from dagprof.model.base import Frozen, LineNumber

_NO_MODULE = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")


class Failure(Frozen, frozen=True):
    """The reason why a file produced no DAGs. ``traceback`` contains only frames of the user's
    code. ``cause`` is the first exception of a chain.
    """

    type: str
    message: str
    traceback: str = ""
    cause: str = ""
    file: str = ""
    line: LineNumber = 0

    @property
    def missing_module(self) -> str:
        """The missing module, even if another exception names this module. Empty for other
        failures.
        """
        found = _NO_MODULE.search(f"{self.type}: {self.message}") or _NO_MODULE.search(self.cause)
        return found[1] if found else ""


class Unanswered(Frozen, frozen=True):
    """A missing value without which the file fails, and the user's line that reads the value.

    ``kind`` is ``variable``, ``connection`` or ``environment``.
    """

    kind: str
    key: str
    file: str
    line: LineNumber

    @property
    def noun(self) -> str:
        """The kind of the missing value in words."""
        return {"variable": "Variable", "connection": "Connection"}.get(
            self.kind, "the environment variable"
        )

    @property
    def place(self) -> str:
        """The name of the file, and the line."""
        return f"{self.file.rpartition('/')[2]}:{self.line}"

    @property
    def way_out(self) -> str:
        """The fix for the user, in one clause."""
        if self.kind == "environment":
            return f"set {self.key} in the environment, or supply {self.key} with --env-file FILE"
        return f"supply the {self.noun} with --{self.kind}s FILE"


class LostDag(Frozen, frozen=True):
    """A DAG that the file created and that Airflow did not find. No global variable holds the DAG,
    and no ``with`` statement used the DAG.
    """

    dag_id: str
    file: str = ""
    line: LineNumber = 0
