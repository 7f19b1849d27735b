"""Follows imports from DAG files and plugins through the user's helpers to the names that
installed distributions provide.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from dagprof.analyse.dependencies.statements import (
    PROVIDERS,
    Imported,
    imports,
    modules_in_text,
)
from dagprof.analyse.dependencies.values import Where


@dataclass
class Reached:
    """One import statement, and the DAG files that reach it at parse time and in callables.

    ``may_be_users``: a folder of the user has the name of the top-level package.
    """

    file: str
    imported: Imported
    may_be_users: bool = False
    at_parse: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    is_of_plugin: bool = False

    @property
    def where(self) -> Where:
        """The earliest time at which the import runs."""
        if self.at_parse:
            return Where.PARSE
        return Where.PLUGIN if self.is_of_plugin and not self.late else Where.CALLABLE

    @property
    def entries(self) -> set[str]:
        """The DAG files that reach the import in the earliest way."""
        return self.at_parse or self.late


class Code:
    """The user's code. ``sources`` holds the texts by path, ``modules`` the names under which each
    path can be imported.
    """

    def __init__(self, sources: Mapping[str, bytes], modules: Mapping[str, Sequence[str]]) -> None:
        self._sources, self._modules = sources, modules
        self._paths = {
            name: path for path, names in modules.items() for name in names if path in sources
        }
        self._tops = {name.partition(".")[0] for name in self._paths}
        self._imports = functools.cache(self._read)

    def reached(
        self,
        entries: Iterable[str],
        plugins: Iterable[str] = (),
        named: Mapping[str, str] = MappingProxyType({}),
    ) -> list[Reached]:
        """All imports of other modules than the user's that the DAG files ``entries`` and the
        plugins reach. ``named`` are other texts by path, such as YAML files, whose names of
        providers, modules and files count as imports in callables.
        """
        found: dict[tuple[str, Imported], Reached] = {}
        for entry in entries:
            for path, imported, is_late in self._of(entry):
                row = self._row(found, path, imported)
                (row.late if is_late else row.at_parse).add(entry)
        for plugin in plugins:
            for path, imported, _ in self._of(plugin):
                self._row(found, path, imported).is_of_plugin = True
        for path, text in named.items():
            for imported in modules_in_text(text):
                if imported.name.startswith(PROVIDERS):
                    self._row(found, path, imported)
                for helper in self._named_by(imported.name):
                    for inner, each, _ in self._of(helper):
                        self._row(found, inner, each)
        return [found[key] for key in sorted(found)]

    def _named_by(self, name: str) -> Iterable[str]:
        """The user's files that a text may name: ``sample.py``, or ``sample.function``."""
        if name.endswith(".py"):
            ending = "/" + name.rpartition("/")[2]
            return [path for path in self._sources if path.endswith(ending)]
        parts = name.split(".")
        names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        return [self._paths[each] for each in names if each in self._paths][:1]

    def _row(
        self, found: dict[tuple[str, Imported], Reached], path: str, imported: Imported
    ) -> Reached:
        key = (path, imported)
        if key not in found:
            found[key] = Reached(path, imported, imported.name.partition(".")[0] in self._tops)
        return found[key]

    def _of(self, entry: str) -> Iterable[tuple[str, Imported, bool]]:
        """The imports that one file and its helpers reach: path, import, and whether a callable
        runs it.
        """
        waiting, seen = [(entry, False)], {(entry, False)}
        while waiting:
            path, is_late = waiting.pop()
            for imported in self._imports(path):
                late = is_late or imported.is_late
                helpers = self._helpers(imported)
                if not helpers:
                    yield path, imported, late
                for helper in () if "*" in imported.own_packages else helpers:
                    if (helper, late) not in seen and (helper, False) not in seen:
                        seen.add((helper, late))
                        waiting.append((helper, late))

    def _read(self, path: str) -> list[Imported]:
        if path not in self._sources:
            return []
        names = self._modules.get(path) or ("",)
        is_package = path.endswith("/__init__.py")
        return [
            each
            for each in imports(self._sources[path], names[0], is_package=is_package)
            if not each.is_never_run
        ]

    def _helpers(self, imported: Imported) -> list[str]:
        """The user's files that an import executes: a module and the packages around it. Empty if
        the module is not the user's.
        """
        parts = imported.name.split(".")
        least = len(imported.module.split("."))
        names = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
        found = [
            (length, self._paths[name])
            for length, name in enumerate(names, 1)
            if name in self._paths
        ]
        is_users = any(length >= least for length, _ in found)
        return [path for _, path in found] if is_users else []
