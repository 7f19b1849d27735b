"""Joins the imports in the texts, the imports that ran in traced parses, and the installed
distributions.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dagprof.analyse.dependencies import image, traced
from dagprof.analyse.dependencies.closure import Graph, normalised
from dagprof.analyse.dependencies.owners import Belongs, owner
from dagprof.analyse.dependencies.reach import Reached
from dagprof.analyse.dependencies.unused import unused
from dagprof.analyse.dependencies.values import (
    Contained,
    Dependencies,
    Dependency,
    Kind,
    Line,
    Missing,
    Where,
)
from dagprof.analyse.distributions import distribution_of, is_known
from dagprof.link.messages.installed import Installed, InstalledRow
from dagprof.model import Run

AIRFLOW = ("apache-airflow", "apache-airflow-core", "apache-airflow-task-sdk")
PROVIDER = "apache-airflow-providers-"
# Code that is three folders above the DAG folder has nothing to do with it.
_FAR = "../../../"


class Evidence(NamedTuple):
    """Everything that the result depends on. ``reached`` are the imports in the texts, empty
    without texts. ``is_complete``: ``installed`` comes from the target interpreter, so it has sizes
    and requirements. ``commands`` are the commands of distributions that occur in the DAG files.
    """

    run: Run
    reached: Sequence[Reached]
    installed: Installed
    is_complete: bool = True
    commands: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()


@dataclass
class _Lines:
    """The lines that import one distribution or one missing module."""

    by_place: dict[tuple[str, int, str], Line] = field(default_factory=dict)
    entries: set[str] = field(default_factory=set)

    def add(self, line: Line, entries: Iterable[str]) -> None:
        self.by_place.setdefault((line.file, line.line, line.where.value), line)
        self.entries.update(entries)

    def sorted(self) -> tuple[Line, ...]:
        order = list(Where)
        return tuple(
            sorted(
                self.by_place.values(),
                key=lambda each: (order.index(each.where), each.file, each.line),
            )
        )


def dependencies(evidence: Evidence) -> Dependencies:
    """What the DAG files import, what is missing, and what nobody imports."""
    run, installed = evidence.run, evidence.installed
    rows = {normalised(row.name): row for row in installed.distributions}
    graph = Graph({row.name: row.requires for row in installed.distributions})
    joined = _Join(evidence, rows)
    contained = Images(graph, run.environment.airflow_version)
    costs = traced.import_ms(run)
    result = Dependencies(
        airflow_version=run.environment.airflow_version,
        python_version=installed.python,
        imported=tuple(
            _dependency(rows[name], lines, costs, contained, evidence)
            for name, lines in sorted(joined.used.items())
        ),
        missing=tuple(
            _missing(module, lines, contained) for module, lines in sorted(joined.absent.items())
        ),
        installed_bytes=sum(row.size_bytes for row in rows.values()),
        installed_count=len(rows),
        notes=evidence.notes,
    )
    if not evidence.is_complete:
        return result
    needed = [*joined.used, *traced.loaded(run)]
    return unused(result, rows, graph, needed, evidence.commands)


def _missing(module: str, lines: _Lines, contained: Images) -> Missing:
    distribution = distribution_of(module)
    return Missing(
        module=module,
        distribution=distribution,
        lines=lines.sorted(),
        is_guess=not is_known(module),
        in_image=contained.official(distribution),
    )


class _Join:
    """The lines that import each installed distribution (``used``), and each module that is not
    installed (``absent``).
    """

    def __init__(self, evidence: Evidence, rows: Collection[str]) -> None:
        self.used: dict[str, _Lines] = {}
        self.absent: dict[str, _Lines] = {}
        self._root, self._rows = evidence.run.root, rows
        self._owners = evidence.installed.owners
        executed = list(traced.executed(evidence.run))
        self._ran = {(row.file, row.line) for row in executed}
        for each in evidence.reached:
            self._add_text(each)
        in_text = {(each.file, each.imported.line) for each in evidence.reached}
        self._add_traced([row for row in executed if (row.file, row.line) not in in_text])

    def _add_text(self, each: Reached) -> None:
        named = each.imported
        found = owner(
            named.name,
            named.module,
            self._owners.get(named.name),
            may_be_users=each.may_be_users,
        )
        if found.belongs is Belongs.DISTRIBUTION:
            name, lines, key = found.distribution, self.used, normalised(found.distribution)
            if key not in self._rows:
                return
        elif found.belongs is Belongs.NOBODY:
            path, module = found.moved_to or named.name, found.moved_to or named.module
            name = distribution_of(path if is_known(path) else module)
            lines, key = self.absent, _shown(path, module)
        else:
            return
        if not _is_brought(named.own_packages, name):
            entries = {_below(entry, self._root) for entry in each.entries | each.late}
            lines.setdefault(key, _Lines()).add(self._line(each), entries)

    def _line(self, each: Reached) -> Line:
        named = each.imported
        did_run = (each.file, named.line) in self._ran and not named.is_text
        return Line(
            file=_below(each.file, self._root),
            line=named.line,
            name=named.name,
            where=Where.PARSE if did_run else each.where,
            files=len(each.entries),
            is_optional=named.is_optional,
        )

    def _add_traced(self, rows: Iterable[traced.Executed]) -> None:
        """Add imports that no text shows."""
        entries: dict[tuple[str, int, str], set[str]] = {}
        modules: dict[tuple[str, int, str], str] = {}
        for row in rows:
            key = (row.file, row.line, normalised(row.distribution))
            entries.setdefault(key, set()).add(row.entry)
            modules[key] = row.module
        for (file, number, name), reaching in entries.items():
            if name in self._rows:
                line = Line(
                    file=_below(file, self._root),
                    line=number,
                    name=modules[file, number, name],
                    where=Where.PARSE,
                    files=len(reaching),
                )
                self.used.setdefault(name, _Lines()).add(line, reaching)


def _below(path: str, root: str) -> str:
    """A path relative to the DAG folder, if it is near to it."""
    relative = os.path.relpath(path, root) if path.startswith("/") else path
    return path if relative.startswith(_FAR) else relative


def _is_brought(own_packages: Iterable[str], distribution: str) -> bool:
    """Whether a task installs the distribution itself, in a virtual environment of its own."""
    own = {normalised(name) for name in own_packages}
    return "*" in own or normalised(distribution) in own


def _shown(name: str, module: str) -> str:
    """The name of a missing module. ``from google.cloud import bigquery`` lacks the module
    ``google.cloud.bigquery``, and ``from foo import bar`` lacks ``foo``.
    """
    if name.startswith("airflow.providers."):
        distribution = distribution_of(name)
        return (
            name
            if distribution == "airflow"
            else ".".join(["airflow.providers", *distribution.removeprefix(PROVIDER).split("-")])
        )
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        part = ".".join(parts[:length])
        if is_known(part) and distribution_of(part) == distribution_of(name):
            return part
    return module.partition(".")[0]


def _dependency(
    row: InstalledRow,
    lines: _Lines,
    costs: Mapping[str, float] | None,
    contained: Images,
    evidence: Evidence,
) -> Dependency:
    return Dependency(
        name=row.name,
        version=row.version,
        kind=kind_of(row),
        lines=lines.sorted(),
        dag_files=len(lines.entries),
        import_ms=None if costs is None else costs.get(row.name, 0.0),
        size_bytes=row.size_bytes if evidence.is_complete else None,
        in_image=contained.official(row.name) if evidence.is_complete else Contained.UNKNOWN,
        is_of_airflow=contained.slim(row.name),
        is_editable=row.is_editable,
        requirement=requirement(row),
    )


def kind_of(row: InstalledRow) -> Kind:
    """The kind of a distribution."""
    if normalised(row.name) in AIRFLOW:
        return Kind.AIRFLOW
    is_provider = "apache_airflow_provider" in row.groups
    return (
        Kind.PROVIDER if is_provider or normalised(row.name).startswith(PROVIDER) else Kind.PACKAGE
    )


def requirement(row: InstalledRow) -> str:
    """The line for a requirements file. Empty for code that only this machine has."""
    if row.is_editable or row.origin.startswith("file:"):
        return ""
    return f"{row.name} @ {row.origin}" if row.origin else f"{row.name}=={row.version}"


class Images:
    """What the official images contain, as far as the installed metadata tells."""

    def __init__(self, graph: Graph, airflow_version: str) -> None:
        defined = graph.extras(AIRFLOW[0])
        listed = image.default_extras(airflow_version).names
        self.extras = [extra for extra in listed if extra in defined]
        self._knows = bool(defined)
        self._slim = graph.closure([(AIRFLOW[0], ())]) | {*AIRFLOW}
        self._official = graph.closure([(AIRFLOW[0], self.extras)])
        self._is_complete = not any(
            name not in graph for name in self._official if name.startswith(PROVIDER)
        )

    def slim(self, name: str) -> bool:
        """Whether Airflow itself requires a distribution."""
        return normalised(name) in self._slim

    def official(self, name: str) -> Contained:
        """Whether the official image contains a distribution."""
        if normalised(name) in self._official or normalised(name) in self._slim:
            return Contained.YES
        if normalised(name).startswith(PROVIDER) and self._knows:
            return Contained.NO
        return Contained.NO if self._is_complete and self._knows else Contained.UNKNOWN
