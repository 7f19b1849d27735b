"""Starts Airflow as a cold process does, as if some distributions were not installed.

One process builds a *view*: folders of links to everything in the folders of installed packages,
except the files of these distributions. Other processes then start Airflow with the view in the
place of the real folders. The process that waits for them takes the time.
"""

from __future__ import annotations

import importlib
import importlib.metadata as metadata
import json
import os
import re
import sys
from typing import Iterable

_MAP = "map.json"
_BYTECODE = "__pycache__"


def view(folder: str) -> None:
    """Read the names of the distributions to omit from the standard input, as JSON. Build a view in
    an empty folder.
    """
    omitted = {_normalised(name) for name in json.load(sys.stdin)}
    places = {}
    for number, entry in enumerate(dict.fromkeys(sys.path)):
        if not os.path.isdir(entry):
            continue
        files: set[str] = set()
        has_distributions = False
        for distribution in metadata.distributions(path=[entry]):
            has_distributions = True
            if _normalised(distribution.metadata["Name"] or "") in omitted:
                files.update(_files(distribution))
        if has_distributions:
            places[entry] = os.path.join(folder, str(number))
            os.mkdir(places[entry])
            _link(entry, places[entry], "", files, _folders(files))
    with open(os.path.join(folder, _MAP), "w", encoding="utf-8") as stream:
        json.dump(places, stream)


def _files(distribution: metadata.Distribution) -> Iterable[str]:
    """The files of a distribution below its folder, relative to it."""
    for line in (distribution.read_text("RECORD") or "").splitlines():
        path = line.partition(",")[0].strip('"')
        if not path.startswith(("..", "/")):
            yield path


def _folders(files: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for file in files:
        parent = os.path.dirname(file)
        while parent and parent not in found:
            found.add(parent)
            parent = os.path.dirname(parent)
    return found


def _link(source: str, target: str, below: str, files: set[str], folders: set[str]) -> bool:
    """Link to everything in ``source`` except ``files``. ``folders`` contain some of these files.
    Return whether anything but bytecode remains.
    """
    kept = False
    for name in os.listdir(source):
        relative = os.path.join(below, name)
        if relative in files:
            continue
        if relative not in folders or name == _BYTECODE:
            os.symlink(os.path.join(source, name), os.path.join(target, name))
            kept = kept or name != _BYTECODE
            continue
        inner = os.path.join(target, name)
        os.mkdir(inner)
        if _link(os.path.join(source, name), inner, relative, files, folders):
            kept = True
        else:
            # An empty folder would count as a package.
            for rest in os.listdir(inner):
                os.unlink(os.path.join(inner, rest))
            os.rmdir(inner)
    return kept


def start(folder: str) -> None:
    """Start Airflow with the view in a folder: its settings, the metadata of the providers, the
    plugins, and the modules that parse a file.
    """
    with open(os.path.join(folder, _MAP), encoding="utf-8") as stream:
        places = json.load(stream)
    sys.path[:] = [places.get(entry, entry) for entry in sys.path]
    sys.path_importer_cache.clear()
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


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
