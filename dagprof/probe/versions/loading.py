"""How the installed Airflow executes a DAG file's own code.

Up to 3.3 a DAG file comes through importlib's loader of source files. From 3.4 on each format has
an importer. The importer of Python files has its own loader, which keeps no bytecode.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
from types import ModuleType
from typing import Any
from zipimport import zipimporter

_SDK = "airflow.sdk.importers"


def timed_methods(dagbag: ModuleType) -> list[tuple[type, str]]:
    """Classes and names of the methods that execute a DAG file's modules. ``dagbag`` is DagBag's
    module.
    """
    importers = sys.modules.get(_SDK)
    if importers is None:
        python = sys.modules.get("airflow.dag_processing.importers.python_importer")
        owner = dagbag.DagBag if python is None else python.PythonDagImporter
        return [(owner, "_load_modules_from_file"), (owner, "_load_modules_from_zip")]
    classes = {
        type(importer) for importer in getattr(_registry(importers), "_ordered_importers", ())
    }
    others = classes - {importers.PythonDagImporter, importers.ZipImporter}
    return [
        (importers.PythonDagImporter, "_load_modules"),
        *((cls, "import_definition") for cls in others),
    ]


def _registry(importers: ModuleType) -> Any:
    return importers.get_importer_registry("dags-folder")


def warm_importers() -> None:
    """Build every configured importer, as the manager of Airflow 3.4 does before it forks."""
    importers = sys.modules.get(_SDK)
    if importers is not None:
        _registry(importers).warm_importers()


def source_loaders() -> list[Any]:
    """The loader classes that turn source text into code: importlib's, and Airflow's own if it has
    one.
    """
    python = sys.modules.get(_SDK + ".python_importer")
    own = getattr(python, "_DefinitionSourceLoader", None)
    return [importlib.machinery.SourceFileLoader, *([own] if own is not None else [])]


def path_of(loader: importlib.machinery.SourceFileLoader, name: str) -> str:
    """The file that a source loader reads for a module. For a member of an archive, the path
    continues below the archive.
    """
    path = getattr(loader, "path", None)
    return str(loader.get_filename(name) if path is None else path)


def archive_loaders() -> list[Any]:
    """The class of Python's own importer of zip archives. Empty before Python 3.10, where nothing
    can take the place of its code.
    """
    return [zipimporter] if hasattr(zipimporter, "exec_module") else []


def source_of(file: str) -> bytes:
    """The text of a source file, or of a member of an archive.

    :raises OSError: the file cannot be read.
    """
    try:
        with open(file, "rb") as stream:
            return stream.read()
    except NotADirectoryError:
        archive = os.path.dirname(file)
        while not os.path.isfile(archive):
            archive = os.path.dirname(archive)
        return zipimporter(archive).get_data(file)


def is_part_of(path: str, file: str) -> bool:
    """Whether a path is a DAG file, or a member of a DAG file that is an archive."""
    return path == file or path.startswith(file + os.sep)
