"""What the rules look at: a Run, and the sources of its files."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from dagprof.analyse.dependencies.values import Dependencies
from dagprof.analyse.fleet import Fleet, Plan
from dagprof.analyse.others import Others, others
from dagprof.analyse.others.lookups import loops_per_day
from dagprof.attribution.candidates import shown_path
from dagprof.model import Effect, FileResult, Origin, Run
from dagprof.practices.credentials.literals import Secret, secrets
from dagprof.practices.source.callables import TaskCallable, reached, task_callables
from dagprof.practices.source.module import Module

# So many nodes of syntax trees stay in memory, each of about 300 bytes.
_MOST_NODES = 3_000_000


class Declared(NamedTuple):
    """The distributions that the project declares, by normalised name, and the line of each:
    ``requirements.txt:3``. ``files`` are the files that were read. Of these, ``generated`` are
    written by a program, which adds what the declared distributions require.
    """

    lines: Mapping[str, tuple[str, int]]
    files: tuple[str, ...]
    generated: frozenset[str] = frozenset()


class Subject:
    """A Run with its sources. ``sources`` has the texts of the DAG files and of the user's modules,
    by the path that findings show. ``dependencies`` and ``declared`` are None if nobody asked for
    them, or if the project declares nothing.
    """

    def __init__(
        self,
        run: Run,
        sources: Mapping[str, str],
        dependencies: Dependencies | None = None,
        declared: Declared | None = None,
    ) -> None:
        self.run, self.dependencies, self.declared = run, dependencies, declared
        self.sources = sources
        self._modules: dict[str, Module] = {}
        self._nodes = 0
        self._callables: dict[str, list[TaskCallable]] = {}
        self._secrets: dict[str, list[Secret]] = {}
        self._found: dict[str, str] = {}
        # The sources that are too large, or not Python.
        self.unread: set[str] = set()

    @cached_property
    def fleet(self) -> Fleet:
        """The possible savings over all files."""
        return Fleet(self.run)

    @cached_property
    def plan(self) -> Plan:
        """The plan of changes, long enough for almost all of them."""
        return self.fleet.plan(max(200, min(1000, len(self.run.files))))

    @cached_property
    def has_no_plan(self) -> bool:
        """Whether no parse of the Run was traced."""
        return not any(file.trace for file in self.run.files)

    @cached_property
    def others(self) -> Others:
        """The changes that are not in the plan."""
        return others(self.run, self.plan)

    @cached_property
    def loops_per_day(self) -> float:
        """How often the DAG processor parses each file on one day."""
        return loops_per_day(self.run)

    @cached_property
    def files(self) -> dict[str, FileResult]:
        """The DAG files that were parsed, by path."""
        return {file.path: file for file in self.run.files}

    @cached_property
    def major(self) -> int:
        """The first part of the Airflow version; 3 if it is unknown."""
        first = self.run.environment.airflow_version.partition(".")[0]
        return int(first) if first.isdigit() else 3

    def module(self, path: str) -> Module | None:
        """The source file at a path; None if it cannot be read or is not Python. Of a large folder,
        only the files that were used last stay in memory.
        """
        module = self._modules.pop(path, None)
        if module is None:
            if path in self.unread or path not in self.sources:
                return None
            module = Module.read(path, self.sources[path])
            if module is None:
                self.unread.add(path)
                return None
            self._nodes += len(module.nodes)
        self._modules[path] = module
        while self._nodes > _MOST_NODES and len(self._modules) > 1:
            oldest = next(iter(self._modules))
            self._nodes -= len(self._modules.pop(oldest).nodes)
            self._callables.pop(oldest, None)
        return module

    def modules(self) -> Iterator[Module]:
        """All source files: the DAG files first, then the other files of the user."""
        for path in (*self.files, *sorted(self.sources.keys() - self.files.keys())):
            found = self.module(path)
            if found is not None:
                yield found

    def dag_modules(self) -> Iterator[tuple[FileResult, Module]]:
        """The DAG files that define DAGs, each with its source."""
        for file in self.run.files:
            module = self.module(file.path) if file.dag_ids else None
            if module is not None:
                yield file, module

    @cached_property
    def _functions(self) -> dict[str, dict[str, str]]:
        """The functions at the top level of all files: by their name, and by dotted name, the path
        of the file.
        """
        found: dict[str, dict[str, str]] = {}
        for module in self.modules():
            dotted = module.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            for name in module.functions:
                found.setdefault(name, {})[f"{dotted}.{name}"] = module.path
        return found

    def find(self, dotted: str) -> TaskCallable | None:
        """The function behind a dotted name. A relative name, or one from another folder of the
        path, is found by its end if that is unique.
        """
        name = dotted.lstrip(".")
        if name not in self._found:
            self._found[name] = self._path_of(name)
        path, last = self._found[name], name.rpartition(".")[2]
        module = self.module(path) if path else None
        node = module.functions.get(last) if module is not None else None
        return TaskCallable(last, node, module) if module is not None and node is not None else None

    def _path_of(self, name: str) -> str:
        """The path of the file with a function; empty if there is none, or several."""
        known = self._functions.get(name.rpartition(".")[2])
        if not known or "." not in name:
            return ""
        if name in known:
            return known[name]
        ends = [path for full, path in known.items() if full.endswith(f".{name}")]
        return ends[0] if len(ends) == 1 else ""

    def callables(self, module: Module) -> list[TaskCallable]:
        """The functions that the tasks of a DAG file run."""
        if module.path not in self._callables:
            self._callables[module.path] = task_callables(module, self.find)
        return self._callables[module.path]

    def secrets(self, module: Module) -> list[Secret]:
        """The literals of a file that contain secrets."""
        if module.path not in self._secrets:
            self._secrets[module.path] = secrets(module)
        return self._secrets[module.path]

    def reached(self, each: TaskCallable) -> list[tuple[Module, ast.AST]]:
        """The nodes that a task may run, each with its module."""
        return list(reached(each, self.find))

    def effects(self) -> Iterator[tuple[str, Effect, FileResult]]:
        """The effects at lines of the user's code: the path of the line, the effect, and the DAG
        file.
        """
        for file in self.run.files:
            for effect in file.effects:
                if effect.file and effect.line > 0:
                    yield self.shown(effect.file), effect, file

    def shown(self, path: str) -> str:
        """A path as findings show it."""
        return shown_path(path, self.run.root)

    @cached_property
    def users_modules(self) -> dict[str, set[str]]:
        """By the path of a file of the user: the DAG files whose traced parse loads it."""
        found: dict[str, set[str]] = {}
        for file in self.run.files:
            for position in set(file.trace.loads.module) if file.trace else ():
                module = self.run.modules[position]
                if module.origin is Origin.USER and module.file:
                    found.setdefault(self.shown(module.file), set()).add(file.path)
        return found
