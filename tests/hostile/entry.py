"""What one hostile DAG file is: its source for each Airflow, and the status that its parse must have."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import NamedTuple

from dagprof.model import Status

# Where Airflow 2 and Airflow 3 keep what the files import as ``from SDK import NAME``.
_HOMES: Mapping[str, tuple[str, str]] = {
    "BaseHook": ("airflow.hooks.base", "airflow.sdk"),
    "BaseOperator": ("airflow.models.baseoperator", "airflow.sdk"),
    "Connection": ("airflow.models.connection", "airflow.sdk"),
    "DAG": ("airflow.models.dag", "airflow.sdk"),
    "EmptyOperator": ("airflow.operators.empty", "airflow.providers.standard.operators.empty"),
    "Param": ("airflow.models.param", "airflow.sdk"),
    "PythonOperator": ("airflow.operators.python", "airflow.providers.standard.operators.python"),
    "TaskGroup": ("airflow.utils.task_group", "airflow.sdk"),
    "Variable": ("airflow.models.variable", "airflow.sdk"),
    "dag": ("airflow.decorators", "airflow.sdk"),
    "task": ("airflow.decorators", "airflow.sdk"),
}
_IMPORT = re.compile(r"\bfrom SDK import (\w+)")
_HEAD = "# airflow dag\nfrom SDK import DAG\nfrom SDK import EmptyOperator\n"
_DAG = """
with DAG("{dag_id}", schedule=None):
    EmptyOperator(task_id="t")
"""
_NO_START = re.compile(r"schedule=None(?!, start_date)")
_START = "schedule=None, start_date=__import__('datetime').datetime(2024, 1, 1)"

# Ends without a DAG, where it does not matter how.
FAILS = "|".join(
    status.value
    for status in (
        Status.IMPORT_ERROR,
        Status.EXITED,
        Status.KILLED,
        Status.TIMED_OUT,
        Status.OUT_OF_MEMORY,
        Status.LOST,
    )
)
# Does to its own process what no statement of Airflow describes: only the others matter.
ANY = f"ok|no-dags|held|{FAILS}"


class Behaviour(NamedTuple):
    """One hostile DAG file.

    ``status`` has the right statuses, separated by ``|``; ``airflow2`` and ``spawn`` replace it
    where they are given, in this order. ``code`` follows the imports of ``DAG`` and
    ``EmptyOperator``, and a line ``$DAG`` stands for the DAG ``hostile_NAME`` with one task. Code that
    neither has such a line nor makes a DAG gets it at the end. ``raw`` is the whole file as bytes,
    in which ``hostile_source`` stands for its DAG id.
    ``leaves`` are patterns of paths that the file itself writes on purpose, below ``tmp``, ``dags``,
    ``cwd``, ``home``, ``airflow`` or ``shm``. ``options`` are further options of the scan.
    """

    name: str
    status: str
    why: str
    code: str = ""
    airflow2: str = ""
    spawn: str = ""
    raw: bytes = b""
    file: str = ""
    leaves: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The name of the DAG file."""
        return self.file or f"{self.name}.py"

    @property
    def dag_id(self) -> str:
        """The id of the DAG that ``$DAG`` stands for."""
        return f"hostile_{self.name}"

    def statuses(self, airflow: int, isolation: str) -> frozenset[str]:
        """The right statuses with this major version of Airflow and this isolation."""
        found = self.status
        if airflow == 2 and self.airflow2:
            found = self.airflow2
        if isolation == "spawn" and self.spawn:
            found = self.spawn
        return frozenset(found.split("|"))

    def source(self, airflow: int) -> bytes:
        """The text of the DAG file for this major version of Airflow."""
        if self.raw:
            return self.raw.replace(b"hostile_source", self.dag_id.encode())
        code = textwrap.dedent(self.code).strip("\n") + "\n"
        if "$DAG" not in code and "DAG(" not in code:
            code += "$DAG\n"
        code = _HEAD + code
        code = re.sub(r"^( *)\$DAG$", self._dag, code, flags=re.MULTILINE)
        if airflow == 2:  # before Airflow 2.8 a task without a start is refused
            code = _NO_START.sub(_START, code)
        return imports(code, airflow).encode("utf-8", "surrogatepass")

    def _dag(self, found: re.Match[str]) -> str:
        return textwrap.indent(_DAG.format(dag_id=self.dag_id), found[1])


def imports(code: str, airflow: int) -> str:
    """The code with each ``from SDK import NAME`` as this major version of Airflow has it."""
    return _IMPORT.sub(
        lambda found: f"from {_HOMES[found[1]][airflow >= 3]} import {found[1]}", code
    )


HELPER = """
import datetime
import string

START = datetime.datetime(2024, 1, 1)
NAMES = [f"load_{letter}" for letter in string.ascii_lowercase[:3]]
"""
_CLEAN = """
# airflow dag
from SDK import DAG
from SDK import EmptyOperator

import clean_helper

with DAG("{dag_id}", start_date=clean_helper.START, schedule=None):
    for name in clean_helper.NAMES:
        EmptyOperator(task_id=name)
"""
# The DAG of each clean file, by its name; each DAG has three tasks.
CLEAN = {"aa_clean.py": "clean_first", "zz_clean.py": "clean_last"}
CLEAN_TASKS = 3


def clean_files(airflow: int) -> dict[str, str]:
    """The two clean DAG files and the helper that they share, by name."""
    files = {name: imports(_CLEAN.format(dag_id=dag_id), airflow) for name, dag_id in CLEAN.items()}
    return {**files, "clean_helper.py": HELPER}
