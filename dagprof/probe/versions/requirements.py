"""Checks at the start of the zygote that Airflow has what the probe needs. Otherwise an unknown
Airflow would look like an error of the DAG files.

Call it in a fork, because it imports modules that other versions do not need.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

# 3.4 was tried only with its second beta; see docs/how-it-works.md.
OLDEST, NEWEST = (2, 7), (3, 3)

_LOADERS = (
    "airflow.dag_processing.importers.python_importer.PythonDagImporter",
    "airflow.dag_processing.dagbag.DagBag",
    "airflow.models.dagbag.DagBag",
)
_SDK_IMPORTERS = "airflow.sdk.importers"
# Each row is one need: the dotted names that meet it, in the order in which dagprof tries them.
_NEEDS = (
    ("airflow.configuration.conf.get",),
    ("airflow.utils.file.list_py_file_paths", _SDK_IMPORTERS + ".get_importer_registry"),
    ("airflow.utils.file.might_contain_dag",),
    ("airflow.utils.file.might_contain_dag_via_default_heuristic",),
    ("airflow.utils.file.iter_airflow_imports",),
    (
        "airflow.serialization.serialized_objects.DagSerialization.to_dict",
        "airflow.serialization.serialized_objects.SerializedDAG.to_dict",
    ),
    ("airflow.dag_processing.dagbag.DagBag", "airflow.models.dagbag.DagBag"),
    (
        *(owner + "._load_modules_from_file" for owner in _LOADERS),
        _SDK_IMPORTERS + ".PythonDagImporter._load_modules",
    ),
    (
        *(owner + "._load_modules_from_zip" for owner in _LOADERS),
        _SDK_IMPORTERS + ".ZipImporter.import_definition",
    ),
    ("airflow.sdk.definitions.dag.DAG", "airflow.models.dag.DAG"),
    ("airflow.sdk.definitions.variable.Variable.get", "airflow.models.variable.Variable.get"),
    (
        "airflow.sdk.definitions.connection.Connection.get",
        "airflow.models.connection.Connection.get_connection_from_secrets",
    ),
    ("airflow.exceptions.AirflowNotFoundException",),
)
# The class that forks the child in the processor. The other temperatures do not need it.
_PROCESSOR_NEEDS = (("airflow.dag_processing.manager",), ("airflow.dag_processing.processor",))


def unsupported(is_processor: bool) -> str:
    """Why dagprof cannot measure with this Airflow, in one sentence. Empty if all needs are met, or
    if there is no Airflow.
    """
    try:
        version = str(importlib.import_module("airflow").__version__)
    except Exception:
        return ""
    supported = "dagprof supports Airflow %d.%d to %d.%d" % (*OLDEST, *NEWEST)
    if _numbers(version) < OLDEST:
        return "Airflow %s is not supported; %s." % (version, supported)
    for names in (*_NEEDS, *(_PROCESSOR_NEEDS if is_processor else ())):
        broken: list[str] = []
        reached = {name: _reached(name, broken) for name in names}
        if any(reached[name] > name.count(".") for name in names):
            continue
        if broken:
            return "dagprof cannot use Airflow %s: %s." % (
                version,
                min(broken, key=lambda text: len(text.split()[0])),
            )
        nearest = max(names, key=lambda name: reached[name] / (name.count(".") + 1))
        return "Airflow %s is not supported: %s is missing; %s." % (version, nearest, supported)
    return ""


def is_untried(version: str) -> bool:
    """Whether an Airflow is newer than the versions that dagprof supports."""
    return _numbers(version) > NEWEST


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _reached(name: str, broken: list[str]) -> int:
    """How many parts of a dotted name exist: the longest beginning that is a module, then
    attributes.

    ``broken`` records modules that exist but fail to import. They mean a damaged installation, not
    an unknown Airflow.
    """
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = _module(".".join(parts[:length]), broken)
        if module is not None:
            return length + _attributes(module, parts[length:])
    return 0


def _module(name: str, broken: list[str]) -> ModuleType | None:
    """A module; None if there is no such module or its import fails."""
    if name in sys.modules:
        return sys.modules[name]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name + ".").startswith(error.name + "."):
            broken.append("%s cannot be imported (%s)" % (name, error))
    except Exception as error:
        broken.append("%s cannot be imported (%s: %s)" % (name, type(error).__name__, error))
    return None


def _attributes(value: object, names: list[str]) -> int:
    for number, name in enumerate(names):
        try:
            value = getattr(value, name)
        except Exception:
            return number
    return len(names)
