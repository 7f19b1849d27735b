"""Stores a first result in the scratch database with Airflow's own function, as Airflow's manager
does. This imports the modules that storing needs.

After one round the manager has stored DAGs and has imported these modules. They are the auth
manager, whose permissions it writes (the views of FAB in 3.x, the configured class in 3.4), or
timetables in 3.0. Airflow 2 stores DAGs in its children; its manager only forks.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys


def store(scratch: str) -> str:
    """Store a first result. Return a sentence with the reason if that failed, else an empty
    text.
    """
    if "airflow.sdk" not in sys.modules:
        importlib.import_module("multiprocessing.popen_fork")
        return ""
    try:
        _store(os.path.join(scratch, "first", "first.py"))
    except Exception as error:
        reason = "%s: %s" % (type(error).__name__, error)
        return (
            "dagprof could not store an empty DAG as the DAG processor does (%s), so parse times"
            " may include imports that the DAG processor makes before the parse"
            % reason.splitlines()[0][:300]
        )
    return ""


def _store(file: str) -> None:
    function = importlib.import_module(
        "airflow.dag_processing.collection"
    ).update_dag_parsing_results_in_db
    known = inspect.signature(function).parameters
    values: dict[str, object] = {
        "bundle_name": "dags-folder",
        "bundle_version": None,
        "dags": [_serialised(file)],
        "import_errors": {},
        "parse_duration": 0.1,
        "warnings": set(),
        "files_parsed": {("dags-folder", os.path.basename(file))},
    }
    create_session = importlib.import_module("airflow.utils.session").create_session
    with create_session() as session:
        function(
            session=session, **{name: value for name, value in values.items() if name in known}
        )


def _serialised(file: str) -> object:
    """An empty DAG in the form in which a child sends it to the manager."""
    serialized = importlib.import_module("airflow.serialization.serialized_objects")
    dag = importlib.import_module("airflow.sdk.definitions.dag").DAG("first", schedule=None)
    dag.fileloc = file
    if hasattr(dag, "relative_fileloc"):
        dag.relative_fileloc = os.path.basename(file)
    to_dict = (getattr(serialized, "DagSerialization", None) or serialized.SerializedDAG).to_dict
    return serialized.LazyDeserializedDAG(data=to_dict(dag))
