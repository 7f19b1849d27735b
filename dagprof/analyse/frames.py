"""Tables from a Run, as pandas DataFrames: the documented interface for notebooks and scripts.

Times are milliseconds. A table has the same columns and types for every Run, an empty one included. Text is ``object``
in every pandas.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

import pandas as pd

from dagprof.analyse import columns
from dagprof.analyse import loads as loading
from dagprof.analyse.fleet import Fleet
from dagprof.analyse.savings import savings_by_group
from dagprof.analyse.stages import split_load
from dagprof.analyse.statements import depth, is_partial, own_us
from dagprof.attribution.scale import saving_ms, scale
from dagprof.errors import UsageError
from dagprof.model import Edge, FileResult, Module, Run, Samples, Statement

Group = Literal["module", "package", "distribution"]


def _check(by: str) -> None:
    if by not in get_args(Group):
        raise UsageError(f"There is no grouping by {by!r}; choose from {', '.join(get_args(Group))}.")


def _frame(types: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """A table of these columns and types; built by column, since rows are slow in pandas."""
    values = list(zip(*rows, strict=True)) or [()] * len(types)
    named = zip(types.items(), values, strict=True)
    frame: pd.DataFrame = pd.DataFrame({name: pd.Series(list(column), dtype=kind) for (name, kind), column in named})
    return frame


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def files_frame(run: Run) -> pd.DataFrame:
    """One row per file, slowest first. ``load_ms`` is ``imports_ms`` + ``gc_ms`` + ``top_level_ms``; see ``split_load``."""
    frame = _frame(columns.FILES, (_file_row(run, file) for file in run.files))
    ranked: pd.DataFrame = frame.sort_values("parse_ms", ascending=False, kind="stable", ignore_index=True)
    return ranked


def _file_row(run: Run, file: FileResult) -> tuple[Any, ...]:
    samples, trace = file.samples, file.trace
    imports_ms, gc_ms, top_level_ms = split_load(file)
    wall, cpu, children = (samples.median(name) for name in ("wall_ms", "cpu_ms", "children_cpu_ms"))
    queued = samples.median("queued_ms")
    limit_ms = run.environment.import_timeout_s * 1000
    return (
        file.path,
        file.status.value,
        len(file.dag_ids),
        file.task_count,
        wall,
        samples.spread_ms,
        len(samples),
        cpu,
        children,
        queued,
        max(0.0, wall - cpu - children - queued),
        samples.median("airflow_ms"),
        samples.median("load_ms"),
        imports_ms,
        gc_ms,
        top_level_ms,
        samples.median("bag_ms"),
        samples.median("serialise_ms"),
        samples.median("exit_ms"),
        len(trace.loads) if trace else 0,
        samples.median("rss_growth_kib"),
        samples.median("load_ms") / limit_ms if limit_ms else 0.0,
    )


def loads_frame(run: Run) -> pd.DataFrame:
    """One row per file and loaded module: its own and its cumulative time, and who imported it at which line."""
    versions = run.environment.distributions

    def rows() -> Iterable[tuple[Any, ...]]:
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

    return _frame(columns.LOADS, rows())


def _importer(modules: Sequence[Module], position: int, path: str) -> tuple[str, str]:
    if position >= 0:
        return modules[position].name, modules[position].file
    return ("", path) if position == -1 else ("", "")


def edges_frame(run: Run) -> pd.DataFrame:
    """One row per import statement that was seen to run, and per module it asked for, whether that was loaded by it or before.

    The statements of a DAG file have no ``importer``, and its path as ``importer_file``; those of a module occur once
    for all files.
    """

    def rows() -> Iterable[tuple[Any, ...]]:
        shared: dict[tuple[Any, ...], None] = {}
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

    return _frame(columns.EDGES, rows())


def _edge(modules: Sequence[Module], edge: Edge) -> tuple[Any, ...]:
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
    """Import time over all files, by module, top-level package or distribution, costliest first.

    ``self_ms`` sums the time of the group's own modules. ``cumulative_ms`` sums, file by file, the loads that are not
    inside another load of the same group, so nothing is counted twice; ``largest_ms`` is the most in one file. Times are
    scaled to a plain parse, with garbage collection in proportion, as savings are.
    Code without a distribution (the user's own, the standard library) is grouped by package.
    """
    _check(by)
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
    frame = _frame(columns.IMPORTS, ((key, origins[key], int(row[0]), *row[1:]) for key, row in totals.items()))
    ranked: pd.DataFrame = frame.sort_values("cumulative_ms", ascending=False, kind="stable", ignore_index=True)
    return ranked


def statements_frame(run: Run, from_ms: float = 0.0) -> pd.DataFrame:
    """One row per file and top-level statement that ran, largest own time first.

    Times are those of the tracing pass, scaled to a plain parse, without waiting for a processor. ``self_ms`` and
    ``waiting_ms`` are without nested statements; ``imports_ms`` is what the loads begun on an import
    statement's lines took, ``building_ms`` what making DAGs and tasks took of ``self_ms``. ``is_partial`` marks
    statements of a loop that was looked into for its first iterations only; ``gc_ms`` is the garbage collection while it ran, which
    is in no other figure. Rows with less own time and collection than ``from_ms`` are left out before the table is built.
    ``member`` is the file in a zip archive that holds the statement.
    """

    def rows() -> Iterable[tuple[Any, ...]]:
        for file in run.files:
            if file.trace is not None:
                imported = loading.ms_by_line(file.trace.loads)
                yield from _statement_rows(file.path, file.trace.statements, imported, from_ms, scale(file))

    frame = _frame(columns.STATEMENTS, rows())
    ranked: pd.DataFrame = frame.sort_values("self_ms", ascending=False, kind="stable", ignore_index=True)
    return ranked


def _statement_rows(
    path: str, statements: Sequence[Statement], imported: dict[int, float], from_ms: float, factor: float
) -> Iterable[tuple[Any, ...]]:
    own = own_us(statements)
    for position, statement in enumerate(statements):
        wall_us, cpu_us = own[position]
        if (wall_us + statement.gc_us) / 1000 * factor < from_ms:
            continue
        lines = range(statement.line, statement.end_line + 1) if statement.kind in ("import", "importfrom") else ()
        yield (
            path,
            statement.member,
            statement.line,
            statement.end_line,
            statement.kind,
            statement.text,
            depth(statements, position),
            statement.wall_us / 1000 * factor,
            wall_us / 1000 * factor,
            sum(imported.get(line, 0.0) for line in lines) * factor,
            statement.building_us / 1000 * factor,
            statement.gc_us / 1000 * factor,
            statement.cpu_us / 1000 * factor,
            max(0, wall_us - cpu_us) / 1000 * factor,
            statement.count,
            is_partial(statements, position),
        )


def accesses_frame(run: Run) -> pd.DataFrame:
    """One row per file and Variable or Connection used at a line while parsing, and what answered."""
    return _frame(
        columns.ACCESSES,
        (
            (file.path, a.kind, a.key, a.operation, a.answered_by, a.file, a.line, a.count)
            for file in run.files
            for a in file.accesses
        ),
    )


def failures_frame(run: Run) -> pd.DataFrame:
    """One row per file and reason why it gave no DAGs."""
    return _frame(
        columns.FAILURES,
        (
            (file.path, file.status.value, f.type, f.message, f.cause, f.file, f.line)
            for file in run.files
            for f in file.failures
        ),
    )


def samples_frame(run: Run) -> pd.DataFrame:
    """One row per timed parse."""
    names = Samples.__struct_fields__
    return _frame(
        columns.SAMPLES,
        (
            (file.path, number, *(_sampled(file.samples, name, number) for name in names))
            for file in run.files
            for number in range(len(file.samples))
        ),
    )


def _sampled(samples: Samples, name: str, number: int) -> float:
    """One figure of one parse; 0 for figures that an older dagprof did not take."""
    column = getattr(samples, name)
    return float(column[number]) if column else 0.0


def effects_frame(run: Run) -> pd.DataFrame:
    """One row per file, kind and line of an effect; ``wall_ms`` is NaN where only the fact is known."""
    return _frame(
        columns.EFFECTS,
        (
            (
                file.path,
                e.kind,
                e.what,
                e.file,
                e.line,
                e.count,
                math.nan if e.wall_us is None else e.wall_us / 1000,
                e.size_bytes,
                e.threads,
            )
            for file in run.files
            for e in file.effects
        ),
    )


def instabilities_frame(run: Run) -> pd.DataFrame:
    """One row per file and field of a serialised DAG that differs from parse to parse."""
    return _frame(
        columns.INSTABILITIES,
        (
            (file.path, found.dag_id, found.field, found.first, found.second, found.by_seed)
            for file in run.files
            for found in file.instabilities
        ),
    )


def experiments_frame(run: Run) -> pd.DataFrame:
    """One row per file and experiment; ``proved_ms`` and ``spread_ms`` are the median and its deviation over the rounds."""
    return _frame(
        columns.EXPERIMENTS,
        (
            (
                file.path,
                ", ".join(map(str, e.without)),
                e.need.value,
                e.reason,
                e.is_proof,
                e.proved_ms,
                e.spread_ms,
                len(e.saving_ms),
                statistics.median(e.memory_kib) if e.memory_kib else 0.0,
                "; ".join(e.cautions),
            )
            for file in run.files
            for e in file.experiments
        ),
    )


def changes_frame(run: Run) -> pd.DataFrame:
    """One row per import statement of the user's code that would save time over all files, largest first."""
    return _frame(
        columns.CHANGES,
        (
            (
                c.place.file,
                c.place.line,
                ", ".join(c.loads),
                c.saving_ms,
                c.proved_ms,
                c.evidence,
                c.files,
                c.modules,
                c.memory_kib,
                c.reason,
            )
            for c in Fleet(run).changes()
        ),
    )


def plan_frame(run: Run) -> pd.DataFrame:
    """One row per step of the plan, in order; ``adds_ms`` is what it gives back beyond the steps before it."""
    return _frame(
        columns.PLAN,
        (
            (
                number,
                ", ".join(str(change.place) for change in step.changes),
                step.adds_ms,
                step.proved_ms,
                step.total_ms,
                step.files,
                step.evidence,
            )
            for number, step in enumerate(Fleet(run).plan().steps, 1)
        ),
    )


def savings_frame(run: Run, by: Group = "package") -> pd.DataFrame:
    """What all files would save together if nothing of a module, package or distribution were loaded, largest first.

    That is less than its import time where others need what it loads, and more where it loads what nobody else needs.
    """
    _check(by)
    totals: dict[str, list[float]] = {}
    for _, alone in savings_by_group(run, by):
        for name, ms in alone.items():
            totals.setdefault(name, []).append(ms)
    frame = _frame(columns.SAVINGS, ((name, len(each), sum(each), max(each)) for name, each in totals.items()))
    ranked: pd.DataFrame = frame.sort_values("alone_ms", ascending=False, kind="stable", ignore_index=True)
    return ranked
