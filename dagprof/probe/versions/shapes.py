"""The form of Airflow's values as the probe uses them. For type checkers only; no parse loads this
file.
"""

from __future__ import annotations

from typing import Dict, Protocol, Sequence

from ..protocol.rows import Json

# A DAG in serialised form.
Document = Dict[str, Json]


class Dag(Protocol):
    """A DAG of a ``DagBag``."""

    fileloc: str
    tasks: Sequence[object]
    last_loaded: object


class DagBag(Protocol):
    """The DAGs and errors that Airflow makes of a file; errors by file."""

    dags: dict[str, Dag]
    import_errors: dict[str, str]
