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
    used, absent = _joined(evidence, rows)
    contained = Images(graph, run.environment.airflow_version)
    costs = traced.import_ms(run)
    imported = tuple(
        _dependency(rows[name], lines, costs, contained, evidence)
        for name, lines in sorted(used.items())
    )
    missing = tuple(
        Missing(
            module=module,
            distribution=distribution_of(module),
            lines=lines.sorted(),
            is_guess=not is_known(module),
            in_image=contained.official(distribution_of(module)),
        )
        for module, lines in sorted(absent.items())
    )
    result = Dependencies(
        airflow_version=run.environment.airflow_version,
        python_version=installed.python,
        imported=imported,
        missing=missing,
        installed_bytes=sum(row.size_bytes for row in rows.values()),
        installed_count=len(rows),
        notes=evidence.notes,
    )
    if not evidence.is_complete:
        return result
    needed = [*used, *traced.loaded(run)]
    return unused(result, rows, graph, needed, evidence.commands)


def _joined(
    evidence: Evidence, rows: Mapping[str, InstalledRow]
) -> tuple[dict[str, _Lines], dict[str, _Lines]]:
    """The lines that import each installed distribution, and each module that is not installed."""
    root = evidence.run.root
    used: dict[str, _Lines] = {}
    absent: dict[str, _Lines] = {}
    ran: dict[tuple[str, int], set[str]] = {}
    ran_in: dict[tuple[str, int, str], set[str]] = {}
    modules: dict[tuple[str, int, str], str] = {}
    for row in traced.executed(evidence.run):
        name = normalised(row.distribution)
        ran.setdefault((row.file, row.line), set()).add(name)
        ran_in.setdefault((row.file, row.line, name), set()).add(row.entry)
        modules.setdefault((row.file, row.line, name), row.module)
    in_text = {(each.file, each.imported.line) for each in evidence.reached}
    for each in evidence.reached:
        line, named = _line(each, root, ran), each.imported
        entries = {_below(entry, root) for entry in each.entries | each.late}
        found = owner(
            named.name,
            named.module,
            evidence.installed.owners.get(named.name),
            may_be_users=each.may_be_users,
        )
        name = normalised(found.distribution)
        if found.belongs is Belongs.DISTRIBUTION and name in rows:
            if not _is_brought(named.own_packages, name):
                used.setdefault(name, _Lines()).add(line, entries)
        elif found.belongs is Belongs.NOBODY:
            name, module = found.moved_to or named.name, found.moved_to or named.module
            guess = distribution_of(name if is_known(name) else module)
            if not _is_brought(named.own_packages, guess):
                absent.setdefault(_shown(name, module), _Lines()).add(line, entries)
    for (file, number, name), entries in ran_in.items():
        if (file, number) not in in_text and name in rows:
            line = Line(
                file=_below(file, root),
                line=number,
                name=modules[file, number, name],
                where=Where.PARSE,
                files=len(entries),
            )
            used.setdefault(name, _Lines()).add(line, entries)
    return used, absent


def _line(each: Reached, root: str, ran: Mapping[tuple[str, int], Collection[str]]) -> Line:
    did_run = (each.file, each.imported.line) in ran and not each.imported.is_text
    return Line(
        file=_below(each.file, root),
        line=each.imported.line,
        name=each.imported.name,
        where=Where.PARSE if did_run else each.where,
        files=len(each.entries),
        is_optional=each.imported.is_optional,
    )


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
