"""Which distribution a module came from, and what is installed: read from metadata files, in a child of its own."""

from __future__ import annotations

import importlib.metadata as metadata
import os
from typing import Any

from . import origin


def describe(modules: list[Any]) -> dict[Any, Any]:
    """Origin and distribution of each ``[name, file]``, and the version of every installed distribution."""
    wanted = {file for _, file in modules if file and origin.of_file(file) == origin.DISTRIBUTION}
    owners: dict[Any, Any] = {}
    versions: dict[Any, Any] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if not name or name in versions:
            continue
        versions[name] = distribution.version
        folder = str(distribution.locate_file(""))
        for relative in _recorded(distribution):
            path = os.path.join(folder, relative)
            if path in wanted:
                owners.setdefault(path, name)
    rows = [[origin.of_file(file), owners.get(file, "")] for _, file in modules]
    return {"modules": rows, "distributions": versions}


def _recorded(distribution: object) -> list[Any]:
    text = distribution.read_text("RECORD")  # type: ignore[attr-defined]
    if not text:
        return []
    return [line.partition(",")[0].strip('"') for line in text.splitlines() if ".py," in line or ".so," in line]
