"""Tables about imports: each module load, each import statement, and the sums over all files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from dagprof.analyse import loads as loading
from dagprof.analyse.frames import columns
from dagprof.analyse.frames.building import Group, check_group, ranked, table
from dagprof.analyse.savings import savings_by_group
from dagprof.attribution.scale import saving_ms
from dagprof.model import Edge, Module, Run


def loads_frame(run: Run) -> pd.DataFrame:
    """One row per file and loaded module: self time, cumulative time, importer and importing
    line.
    """
    versions = run.environment.distributions

    def rows() -> Iterable[tuple[object, ...]]:
        for file in run.files:
            if file.trace is None:
                continue
            loads = file.trace.loads
            depths = loading.depths(loads)
            for position, place in enumerate(loads.module):
                module, importer = run.modules[place], loads.importer[position]
                name, importer_file = _importer(run.modules, importer, file.path)
                yield (
                    file.path,
                    module.name,
                    loading.package(module),
                    module.distribution,
                    versions.get(module.distribution, ""),
                    module.origin.value,
                    loads.self_us[position] / 1000,
                    loads.cumulative_us[position] / 1000,
                    depths[position],
                    name,
                    importer_file,
                    loads.line[position],
                )

    return table(columns.LOADS, rows())


def _importer(modules: Sequence[Module], position: int, path: str) -> tuple[str, str]:
    if position >= 0:
        return modules[position].name, modules[position].file
    return ("", path) if position == -1 else ("", "")


def edges_frame(run: Run) -> pd.DataFrame:
    """One row per executed import statement and per module that the statement names. The module may
    have been loaded before.

    For statements of a DAG file, ``importer`` is empty, and ``importer_file`` is the path of the
    DAG file. The statements of a module occur once for all files.
    """

    def rows() -> Iterable[tuple[object, ...]]:
        shared: dict[tuple[object, ...], None] = {}
        for file in run.files:
            if file.trace is None:
                continue
            for edge in file.trace.edges:
                name, importer_file = _importer(run.modules, edge.importer, file.path)
                yield (name, importer_file, *_edge(run.modules, edge))
            loads = file.trace.loads
            for place, number in zip(loads.module, loads.imports, strict=True):
                for edge in run.import_sets[number]:
                    module = run.modules[edge.importer if edge.importer >= 0 else place]
                    row = (module.name, module.file, *_edge(run.modules, edge))
                    shared[row] = None
        yield from shared

    return table(columns.EDGES, rows())


def _edge(modules: Sequence[Module], edge: Edge) -> tuple[object, ...]:
    target = modules[edge.target]
    return (
        edge.line,
        target.name,
        loading.package(target),
        target.distribution,
        edge.in_function,
        edge.is_conditional,
    )


def imports_frame(run: Run, by: Group = "package") -> pd.DataFrame:
    """Import times over all files, by module, top-level package or distribution. The slowest group
    comes first.

    ``self_ms`` is the total self time of the group's modules. ``cumulative_ms`` is the total time
    of the loads that are not nested in another load of the same group, so no time counts twice.
    ``largest_ms`` is the largest cumulative time in one file. All times are scaled to an
    uninstrumented parse, and include a proportional share of the garbage collection. Code without a
    distribution (the user's code and the standard library) is grouped by package.
    """
    check_group(by)
    keys = [loading.group(module, by) for module in run.modules]
    totals: dict[str, list[float]] = {}
    origins: dict[str, str] = {}
    for file in run.files:
        if file.trace is None:
            continue
        factor = saving_ms(file, 1000.0)
        for key, (own, cumulative) in loading.by_group(file.trace.loads, keys).items():
            row = totals.setdefault(key, [0, 0.0, 0.0, 0.0])
            row[0] += 1
            row[1] += factor * own
            row[2] += factor * cumulative
            row[3] = max(row[3], factor * cumulative)
    for module, key in zip(run.modules, keys, strict=True):
        origins.setdefault(key, module.origin.value)
    frame = table(
        columns.IMPORTS, ((key, origins[key], int(row[0]), *row[1:]) for key, row in totals.items())
    )
    return ranked(frame, "cumulative_ms")


def savings_frame(run: Run, by: Group = "package") -> pd.DataFrame:
    """The time that all files would save without a module, package or distribution. The largest
    saving comes first.

    The saving is smaller than the import time if other code needs the nested imports. The saving is
    larger than the import time if the group loads modules that no other code needs.
    """
    check_group(by)
    totals: dict[str, list[float]] = {}
    for _, alone in savings_by_group(run, by):
        for name, ms in alone.items():
            totals.setdefault(name, []).append(ms)
    frame = table(
        columns.SAVINGS, ((name, len(each), sum(each), max(each)) for name, each in totals.items())
    )
    return ranked(frame, "alone_ms")
