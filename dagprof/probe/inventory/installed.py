"""Lists the installed distributions with their sizes and requirements, and finds the distribution
of each imported name. Only metadata files and file sizes are read; nothing is imported.
"""

from __future__ import annotations

import ast
import functools
import importlib.machinery
import importlib.metadata as metadata
import importlib.util
import json
import os
import re
import sys
import sysconfig
from typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from ..protocol.installed import Installed, InstalledRow, OwnerRow

_HEADER = re.compile(r"^(Name|Version|Requires-Dist): *(.+?) *$", re.M)
_GROUP = re.compile(r"^\[([^\]]+)\]\s*$", re.M)
_COMMAND = re.compile(r"^([A-Za-z0-9._-]+)\s*=", re.M)
_MAPPING = re.compile(r"^MAPPING\b[^=]*= *(\{.*\})", re.M)
_SUFFIXES = sorted(importlib.machinery.all_suffixes(), key=len, reverse=True)
# Files beside a package that nobody imports by name.
_NOT_IMPORTED = ("setup", "conftest")


def write(output: str) -> None:
    """Read names from the standard input, as JSON. Write the distributions, and the owner of each
    name, into the file ``output``.
    """
    names = json.load(sys.stdin)
    rows: list[InstalledRow] = []
    modules: dict[str, list[str]] = {}
    known: set[str] = set()
    for distribution in metadata.distributions():
        row = _row(distribution, modules)
        if row is not None and _normalised(row["name"]) not in known:
            known.add(_normalised(row["name"]))
            rows.append(row)
    found: Installed = {
        "distributions": rows,
        "owners": {name: _owner(name, modules) for name in names},
        "python": sys.version.split()[0],
    }
    with open(output, "w", encoding="ascii") as stream:
        json.dump(found, stream)


def _row(distribution: metadata.Distribution, modules: dict[str, list[str]]) -> InstalledRow | None:
    """The row of one distribution, and its modules added to ``modules``. None without a name."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    headers = _HEADER.findall(re.split(r"\r?\n\r?\n", text, maxsplit=1)[0])
    fields = dict(headers)
    if not fields.get("Name"):
        return None
    folder = str(distribution.locate_file(""))
    files = list(_files(distribution, folder))
    origin, is_editable = _origin(distribution.read_text("direct_url.json"))
    for module in _modules(distribution, folder, files, is_editable):
        owners = modules.setdefault(module, [])
        if fields["Name"] not in owners:
            owners.append(fields["Name"])
    points = distribution.read_text("entry_points.txt") or ""
    return {
        "name": fields["Name"],
        "version": fields.get("Version", ""),
        "requires": [value for name, value in headers if name == "Requires-Dist"],
        "size_bytes": sum(_sizes(folder, files)),
        "origin": origin,
        "is_editable": is_editable,
        "groups": _GROUP.findall(points),
        "commands": _commands(points),
    }


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _files(distribution: metadata.Distribution, folder: str) -> Iterator[str]:
    """The files of a distribution, relative to ``folder``."""
    record = distribution.read_text("RECORD")
    if record:
        for line in record.splitlines():
            quoted = re.match(r'"((?:[^"]|"")*)"', line)
            yield quoted.group(1).replace('""', '"') if quoted else line.partition(",")[0]
        return
    # What a system's packages and old tools install has no list of files.
    for name in (distribution.read_text("top_level.txt") or "").split():
        if os.path.isfile(os.path.join(folder, name + ".py")):
            yield name + ".py"
        for inner, folders, files in os.walk(os.path.join(folder, name)):
            folders[:] = [each for each in folders if each != "__pycache__"]
            for file in files:
                yield os.path.relpath(os.path.join(inner, file), folder)


def _sizes(folder: str, files: list[str]) -> Iterator[int]:
    """The sizes of the files, and of the bytecode that no list of files names."""
    for relative in dict.fromkeys(files):
        path = os.path.join(folder, relative)
        if not relative.endswith(".pyc"):
            yield _size(path)
        if relative.endswith(".py"):
            yield _size(importlib.util.cache_from_source(path))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):
        return 0


def _modules(
    distribution: metadata.Distribution, folder: str, files: list[str], is_editable: bool
) -> Iterator[str]:
    for relative in files:
        module = _module(relative)
        if module:
            yield module
    if not is_editable:
        return
    yield from (distribution.read_text("top_level.txt") or "").split()
    for relative in files:
        path = os.path.join(folder, relative)
        if relative.endswith(".pth"):
            for line in _text(path).splitlines():
                if line.strip() and not line.startswith(("import ", "import\t", "#")):
                    yield from _importable(os.path.join(folder, line.strip()))
        elif relative.endswith(".py") and relative.startswith("__editable__"):
            for mapping in _MAPPING.findall(_text(path)):
                yield from _keys(mapping)


def _module(relative: str) -> str:
    """The name of the module that a file defines; empty if it defines none."""
    for suffix in _SUFFIXES:
        if relative.endswith(suffix):
            parts = relative[: -len(suffix)].split("/")
            if parts[-1] == "__init__":
                parts.pop()
            return ".".join(parts) if parts and all(map(str.isidentifier, parts)) else ""
    return ""


def _importable(folder: str) -> Iterator[str]:
    """The modules and packages in a folder of an editable installation."""
    try:
        entries = sorted(os.listdir(folder))
    except (OSError, ValueError):
        return
    for entry in entries:
        name, suffix = os.path.splitext(entry)
        if name.isidentifier() and (
            (suffix == ".py" and name not in _NOT_IMPORTED)
            or (not suffix and os.path.isfile(os.path.join(folder, entry, "__init__.py")))
        ):
            yield name


def _keys(mapping: str) -> list[str]:
    try:
        return [str(key) for key in ast.literal_eval(mapping)]
    except (SyntaxError, TypeError, ValueError):
        return []


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(1 << 20)
    except (OSError, ValueError):
        return ""


def _origin(text: str | None) -> tuple[str, bool]:
    """Where a distribution came from, if not from a package index: a URL with the commit, without
    user and password. And whether its code stays in the folder of its sources.
    """
    try:
        found = json.loads(text or "{}")
        url = re.sub(r"(?<=://)[^/@]*@", "", str(found.get("url", "")))
        version = found.get("vcs_info", {})
        if version:
            url = "%s+%s@%s" % (version.get("vcs", ""), url, version.get("commit_id", ""))
        return url, bool(found.get("dir_info", {}).get("editable"))
    except (AttributeError, TypeError, ValueError):
        return "", False


def _commands(points: str) -> list[str]:
    parts = _GROUP.split(points)
    return [
        name
        for group, text in zip(parts[1::2], parts[2::2])
        if group == "console_scripts"
        for name in _COMMAND.findall(text)
    ]


def _owner(name: str, modules: dict[str, list[str]]) -> OwnerRow:
    """The longest part of a name that a distribution defines, and the distributions that do. For
    the standard library, there is a part but no distribution.
    """
    if _is_standard(name.partition(".")[0]):
        return {"module": name, "distributions": [], "is_standard": True}
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        if module not in modules:
            continue
        if moved := _moved(module, parts[length:]):
            return {**_owner(moved, modules), "moved_to": moved}
        return {"module": module, "distributions": modules[module], "is_standard": False}
    return {"module": "", "distributions": [], "is_standard": False}


def _moved(package: str, rest: list[str]) -> str:
    """The new path of a name for which a package of Airflow only has a redirection to a provider,
    such as ``airflow.hooks.S3_hook``. Empty for any other name.
    """
    if not rest or not package.startswith("airflow."):
        return ""
    top = importlib.util.find_spec("airflow")
    folder = os.path.dirname(top.origin or "") if top is not None else ""
    names = _redirections(os.path.join(folder, *package.split(".")[1:], "__init__.py"))
    found = names.get(rest[0])
    if not isinstance(found, dict):
        return ""
    path = found.get(rest[1]) if len(rest) > 1 else next(iter(found.values()), "")
    return path if isinstance(path, str) and path.startswith("airflow.providers.") else ""


@functools.lru_cache(maxsize=None)
def _redirections(file: str) -> dict[str, object]:
    """The table of redirections in a package of Airflow, by the name of the module."""
    try:
        for node in ast.parse(_text(file)).body:
            if isinstance(node, ast.Assign) and "deprecated_classes" in ast.dump(node.targets[0]):
                table = ast.literal_eval(node.value)
                return table if isinstance(table, dict) else {}
    except (SyntaxError, ValueError):
        pass
    return {}


def _is_standard(name: str) -> bool:
    names = getattr(sys, "stdlib_module_names", None)
    if names is not None:
        return name in names
    if name in sys.builtin_module_names:
        return True
    folder = sysconfig.get_path("stdlib")
    places = (folder, os.path.join(folder, "lib-dynload"))
    endings = (*_SUFFIXES, os.sep + "__init__.py")
    return any(
        os.path.isfile(os.path.join(place, name + end)) for place in places for end in endings
    )
