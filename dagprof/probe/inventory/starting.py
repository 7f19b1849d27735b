"""Starts Airflow as a cold process does, as if some distributions were not installed. The process
that waits for this one takes the time.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.metadata as metadata
import json
import re
import sys
from types import ModuleType
from typing import Any, Iterable, Sequence


class _Hidden(importlib.abc.MetaPathFinder):
    """Refuses modules of distributions that count as not installed."""

    def __init__(self, modules: Iterable[str]) -> None:
        self._modules = frozenset(modules)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if fullname in self._modules:
            raise ModuleNotFoundError("No module named %r" % fullname, name=fullname)


def start() -> None:
    """Read the names of distributions from the standard input, as JSON. Import Airflow without
    them: its settings, the providers' metadata, the plugins, and the modules that parse a file.
    """
    hidden = {_normalised(name) for name in json.load(sys.stdin)}
    readers: list[Any] = [metadata]
    try:
        # Airflow 2 reads entry points with this package on Python before 3.12.
        readers.append(importlib.import_module("importlib_metadata"))
    except ImportError:
        pass
    if hidden:
        _hide(hidden, readers)
    from airflow import configuration, settings

    settings.initialize()
    load = getattr(configuration.conf, "load_providers_configuration", None)
    if load is not None:
        load()
    from airflow import plugins_manager

    plugins_manager.ensure_plugins_loaded()
    try:
        importlib.import_module("airflow.dag_processing.dagbag")
    except ImportError:
        importlib.import_module("airflow.models.dagbag")


def _hide(hidden: set[str], readers: Sequence[Any]) -> None:
    """Make the modules and the metadata of these distributions disappear. ``readers`` are the
    modules that read metadata.
    """
    modules: set[str] = set()
    others: set[str] = set()
    for distribution in metadata.distributions():
        name = _normalised(distribution.metadata["Name"] or "")
        (modules if name in hidden else others).update(_modules(distribution))
    for reader in readers:
        _filter(reader.Distribution, hidden)
    sys.meta_path.insert(0, _Hidden(modules - others))


def _filter(reader: Any, hidden: set[str]) -> None:
    ordinary = reader.discover

    def discover(**context: Any) -> Iterable[Any]:
        return [
            each
            for each in ordinary(**context)
            if _normalised(each.metadata["Name"] or "") not in hidden
        ]

    reader.discover = staticmethod(discover)


def _modules(distribution: metadata.Distribution) -> Iterable[str]:
    """The packages of a distribution with an ``__init__.py``, and its modules at the top."""
    for line in (distribution.read_text("RECORD") or "").splitlines():
        path = line.partition(",")[0]
        if path.endswith("/__init__.py"):
            yield path[: -len("/__init__.py")].replace("/", ".")
        elif path.endswith(".py") and "/" not in path:
            yield path[:-3]


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
