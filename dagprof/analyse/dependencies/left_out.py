"""What a customised image can leave out: the extras of the official image that nobody uses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from dagprof.analyse.dependencies import image
from dagprof.analyse.dependencies.closure import Graph, normalised
from dagprof.analyse.dependencies.found import AIRFLOW, PROVIDER, requirement
from dagprof.analyse.dependencies.unused import TOOLS
from dagprof.analyse.dependencies.values import (
    Customisation,
    Dependencies,
    Extra,
    Reason,
)
from dagprof.link.messages.installed import Installed

_AIRFLOW = AIRFLOW[0]


class Sizes(NamedTuple):
    """A set of distributions: those that are installed, their size, and the number of others."""

    installed: tuple[str, ...]
    size_bytes: int
    unknown: int


def customisation(
    found: Dependencies, installed: Installed, configuration: str = ""
) -> Customisation:
    """The extras that an image keeps and leaves out. ``configuration`` is the text of Airflow's
    configuration, which may name extras.
    """
    rows = {normalised(row.name): row.size_bytes for row in installed.distributions}
    graph = Graph({row.name: row.requires for row in installed.distributions})
    listed = image.default_extras(found.airflow_version)
    used = {normalised(each.name) for each in found.imported}
    used |= {normalised(each.distribution) for each in found.missing}
    names = [extra for extra in listed.names if extra in graph.extras(_AIRFLOW)]
    reasons = {extra: _reason(extra, graph, used, configuration) for extra in names}
    kept = [extra for extra, reason in reasons.items() if reason is not Reason.UNUSED]
    official = graph.closure([(_AIRFLOW, names)])
    beside = [each for each in found.unused if normalised(each.name) not in official]
    useful = [normalised(each.name) for each in beside if each.use]
    fixed = (*used, *useful, *TOOLS)
    remaining = graph.closure([(_AIRFLOW, kept), *((name, ()) for name in fixed)])
    saved = _sizes((official | rows.keys()) - remaining, rows)
    added = _added(graph, used, names)
    packages = _packages(found, graph, [*kept, *added])
    return Customisation(
        airflow_version=found.airflow_version,
        python_version=found.python_version,
        source=listed.source,
        extras=tuple(_extra(extra, reasons[extra], graph, kept, fixed, rows) for extra in names),
        added=tuple(added),
        packages=tuple(sorted({*packages, *_pinned(installed, useful)})),
        dropped=tuple(each.name for each in beside if not each.use),
        useful=tuple(f"{each.name} ({each.use})" for each in beside if each.use),
        left_out=saved.installed,
        saved_bytes=saved.size_bytes,
        unknown=saved.unknown,
    )


def _pinned(installed: Installed, names: Collection[str]) -> list[str]:
    return [
        line
        for row in installed.distributions
        if normalised(row.name) in names and (line := requirement(row))
    ]


def _reason(extra: str, graph: Graph, used: Collection[str], configuration: str) -> Reason:
    if _own(graph, extra).intersection(used):
        return Reason.IMPORTED
    names = (image.provider_module(extra), *image.NAMING.get(extra, ()))
    if any(name in configuration for name in names):
        return Reason.NAMED
    return Reason.CONFIGURABLE if extra in image.CONFIGURABLE else Reason.UNUSED


def _own(graph: Graph, extra: str) -> set[str]:
    """The distributions that an extra stands for: its providers, or what it requires directly."""
    rows = graph.requirements(_AIRFLOW, extra)
    direct = {row.name for row in rows} - graph.closure([(_AIRFLOW, ())]) - {*AIRFLOW}
    if not direct:
        # Such as ``pandas``, which is an extra of a provider that Airflow always requires.
        direct = {
            each.name
            for row in rows
            for inner in row.extras
            for each in graph.requirements(row.name, inner)
        }
    return {name for name in direct if name.startswith(PROVIDER)} or direct


def _extra(
    extra: str,
    reason: Reason,
    graph: Graph,
    kept: Collection[str],
    fixed: Collection[str],
    rows: Mapping[str, int],
) -> Extra:
    others = [name for name in kept if name != extra]
    roots = [(name, ()) for name in fixed]
    only = graph.closure([(_AIRFLOW, [*others, extra]), *roots]) - graph.closure(
        [(_AIRFLOW, others), *roots]
    )
    sizes = _sizes(only, rows)
    return Extra(name=extra, reason=reason, size_bytes=sizes.size_bytes, unknown=sizes.unknown)


def _sizes(names: Collection[str], rows: Mapping[str, int]) -> Sizes:
    installed = tuple(sorted(name for name in names if name in rows))
    return Sizes(installed, sum(rows[name] for name in installed), len(names) - len(installed))


def _added(graph: Graph, used: Collection[str], names: Collection[str]) -> list[str]:
    """The extras for imported providers that the default extras do not contain."""
    contained = graph.closure([(_AIRFLOW, names)])
    wanted = {name for name in used if name.startswith(PROVIDER) and name not in contained}
    return sorted(
        name.removeprefix(PROVIDER)
        for name in wanted
        if name.removeprefix(PROVIDER) in graph.extras(_AIRFLOW)
    )


def _packages(found: Dependencies, graph: Graph, extras: Collection[str]) -> tuple[str, ...]:
    """The requirements that the extras do not bring."""
    brought = graph.closure([(_AIRFLOW, extras)])
    return tuple(
        each.requirement
        for each in found.needed
        if each.requirement and normalised(each.name) not in brought
    )
