"""Chooses the packages that cost the most in every parse, and the modules to import so that they
are loaded before the parse.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from dagprof.attribution.graph import ImportGraph
from dagprof.attribution.scale import saving_ms
from dagprof.model import Measured, Module, Origin

# Packages whose own name means nothing: many distributions share them.
_SHARED = ("airflow", "azure", "google")
# The most modules of one package to import.
_MOST_MODULES = 20


class Package(NamedTuple):
    """A package that files load: the modules that other code imports, and what all files would save
    if no parse loaded the package.
    """

    name: str
    modules: tuple[str, ...]
    saving_ms: float


def package_of(module: str) -> str:
    """The package of a module: ``pandas``, or ``google.cloud`` for a shared name."""
    parts = module.split(".")
    return ".".join(parts[: 3 if parts[0] == "airflow" else 2 if parts[0] in _SHARED else 1])


def packages(files: Iterable[Measured], *, least_ms: float) -> list[Package]:
    """The packages of distributions that all files together would save at least ``least_ms``
    without, the most expensive first.
    """
    saved: dict[str, float] = {}
    entries: dict[str, dict[str, None]] = {}
    for measured in files:
        members = _members(measured)
        graph = _graph(measured) if members else None
        if graph is None:
            continue
        per_us = saving_ms(measured.result, 1.0)
        savings = graph.savings_us(list(members.values()))
        for name, us in zip(members, savings, strict=True):
            saved[name] = saved.get(name, 0.0) + us * per_us
        for name, module in _entries(graph, measured.modules):
            entries.setdefault(name, {})[module] = None
    found = [
        Package(name, tuple(entries.get(name, ()))[:_MOST_MODULES], ms)
        for name, ms in saved.items()
        if ms >= least_ms and name in entries
    ]
    return sorted(found, key=lambda package: (-package.saving_ms, package.name))


def is_loading(measured: Measured, names: Collection[str]) -> bool:
    """Whether the parse of a file loads one of these packages."""
    return not _members(measured).keys().isdisjoint(names)


def saving_without(measured: Measured, names: Collection[str]) -> float:
    """What one file would save if the packages with these names were loaded before the parse."""
    members = _members(measured)
    gone = [module for name in names for module in members.get(name, ())]
    graph = _graph(measured) if gone else None
    return graph.savings_us([gone])[0] * saving_ms(measured.result, 1.0) if graph else 0.0


def _graph(measured: Measured) -> ImportGraph | None:
    result = measured.result
    if result.trace is None or not result.is_timed or result.status.is_failure:
        return None
    return ImportGraph(result.trace, measured.modules, measured.import_sets)


def _members(measured: Measured) -> dict[str, list[int]]:
    """The loaded modules of distributions, by package."""
    trace, modules = measured.result.trace, measured.modules
    found: dict[str, list[int]] = {}
    for place in dict.fromkeys(trace.loads.module if trace is not None else ()):
        if modules[place].origin is Origin.DISTRIBUTION:
            found.setdefault(package_of(modules[place].name), []).append(place)
    return found


def _entries(graph: ImportGraph, modules: Sequence[Module]) -> Iterable[tuple[str, str]]:
    """Each package with the modules of it that code outside the package imports."""
    loads = graph.trace.loads
    for place, module in enumerate(loads.module):
        if modules[module].origin is not Origin.DISTRIBUTION:
            continue
        name = package_of(modules[module].name)
        around = graph.around(place)
        if around < 0 or package_of(modules[loads.module[around]].name) != name:
            yield name, modules[module].name
