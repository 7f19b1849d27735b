"""Which distribution a module came from, and what is installed: read from metadata files, in a child of its own."""

from __future__ import annotations

import importlib.metadata as metadata
import os
import re
from typing import Any

from . import origin

_HEADER = re.compile(r"^(Name|Version): *(.+?) *$", re.M)


def describe(modules: list[Any]) -> dict[Any, Any]:
    """Origin and distribution of each ``[name, file]``, and the version of every installed distribution."""
    wanted = {file for _, file in modules if file and origin.of_file(file) == origin.DISTRIBUTION}
    owners: dict[Any, Any] = {}
    versions: dict[Any, Any] = {}
    for distribution in metadata.distributions():
        name, version = _name_and_version(distribution)
        if not name or name in versions:
            continue
        versions[name] = version
        folder = str(distribution.locate_file(""))
        for relative in _recorded(distribution):
            path = os.path.join(folder, relative)
            if path in wanted:
                owners.setdefault(path, name)
    rows = [[origin.of_file(file), owners.get(file, "")] for _, file in modules]
    return {"modules": rows, "distributions": versions}


def _name_and_version(distribution: Any) -> tuple[str, str]:
    """The first header lines tell them; parsing the whole file, with the package's description, takes a hundred times longer."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    found = dict(_HEADER.findall(text[:2000]))
    return found.get("Name", ""), found.get("Version", "")


def _recorded(distribution: object) -> list[Any]:
    text = distribution.read_text("RECORD")  # type: ignore[attr-defined]
    if not text:
        return []
    return [line.partition(",")[0].strip('"') for line in text.splitlines() if ".py," in line or ".so," in line]
