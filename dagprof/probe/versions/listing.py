"""Lists the files that the installed Airflow would parse, with Airflow's own functions.

Up to 3.3 there is one function for a folder (``airflow.utils.file.list_py_file_paths``). From 3.4
on each format has an importer, and a registry asks them all.
"""

from __future__ import annotations

import importlib
import inspect
import os
from types import ModuleType
from typing import Callable

_DEFAULT_HEURISTIC = "might_contain_dag_via_default_heuristic"


def list_files(folder: str, safe_mode: bool) -> list[str]:
    """The files below ``folder`` that the DAG processor would parse.

    :raises RuntimeError: two paths lead to one folder, which ends Airflow's own listing too.
    """
    utils = importlib.import_module("airflow.utils.file")
    ordinary = getattr(utils, "list_py_file_paths", None)
    if ordinary is None:
        return _by_importers(folder, safe_mode, utils)
    if "include_examples" in inspect.signature(ordinary).parameters:
        return list(ordinary(folder, safe_mode=safe_mode, include_examples=False))
    return list(ordinary(folder, safe_mode=safe_mode))


def _by_importers(folder: str, safe_mode: bool, utils: ModuleType) -> list[str]:
    """List as the manager of Airflow 3.4 does: the file of each definition, or the file whose
    listing failed.
    """
    from pathlib import Path

    from airflow.dag_processing.bundles.local import LocalDagBundle
    from airflow.sdk import importers

    bundle = LocalDagBundle(name="dags-folder", path=folder)
    found: dict[str, None] = {}
    registry = importers.get_importer_registry(bundle.name)
    for _, item in registry.list_dag_definitions(bundle, safe_mode=safe_mode):
        if isinstance(item, importers.DagImportError):
            place = os.path.normpath(str(bundle.path / item.source_reference))
        else:
            place = os.path.normpath(str(bundle.path / item.get_relative_loc(bundle.path)))
        holding = utils.find_enclosing_file(Path(place))
        if holding is not None:
            found[str(holding)] = None
    return list(found)


def might_contain_dag(file: str) -> bool:
    """The answer of safe mode for a file. An exception of the user's own function passes
    through.
    """
    return bool(_asking("might_contain_dag", safe_mode=True)(file))


def passes_default_heuristic(file: str) -> bool:
    """The answer of Airflow's own test for a file, whichever function is configured."""
    utils = importlib.import_module("airflow.utils.file")
    return bool(getattr(utils, _DEFAULT_HEURISTIC)(file))


def _asking(name: str, **fixed: object) -> Callable[[str], object]:
    from airflow.configuration import conf

    function = getattr(importlib.import_module("airflow.utils.file"), name)
    if "conf" in inspect.signature(function).parameters:
        fixed["conf"] = conf
    return lambda file: function(file, **fixed)


def own_heuristic() -> str:
    """The dotted name of the user's ``[core] might_contain_dag_callable``; empty if Airflow's own
    test decides.
    """
    from airflow.configuration import conf

    name = conf.get("core", "might_contain_dag_callable", fallback="") or ""
    return "" if name.rpartition(".")[2] == _DEFAULT_HEURISTIC else str(name)
