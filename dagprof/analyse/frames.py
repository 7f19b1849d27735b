"""Tables from a Run, as pandas DataFrames: the documented interface for notebooks and scripts.

Times are milliseconds. A table has the same columns for every Run, an empty one included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import pandas as pd

from dagprof.analyse import loads as loading
from dagprof.analyse.stages import split_load
from dagprof.model import FileResult, Module, Run, Statement

Group = Literal["module", "package", "distribution"]


def _frame(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    frame: pd.DataFrame = pd.DataFrame(list(rows), columns=list(columns))
    return frame


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


_FILE_COLUMNS = (
    "path",
    "status",
    "dags",
    "tasks",
    "parse_ms",
    "spread_ms",
    "samples",
    "cpu_ms",
    "children_cpu_ms",
    "queued_ms",
    "waiting_ms",
    "airflow_ms",
    "load_ms",
    "imports_ms",
    "top_level_ms",
    "bag_ms",
    "serialise_ms",
    "gc_ms",
    "modules",
    "rss_growth_kib",
    "import_timeout_share",
)


def files_frame(run: Run) -> pd.DataFrame:
    """One row per file, slowest first. ``load_ms`` is ``imports_ms`` + ``top_level_ms``; see ``file_row``."""
    frame = _frame(_FILE_COLUMNS, (_file_row(run, file) for file in run.files))
    ranked: pd.DataFrame = frame.sort_values("parse_ms", ascending=False, kind="stable", ignore_index=True)
    return ranked


def _file_row(run: Run, file: FileResult) -> tuple[Any, ...]:
    samples, trace = file.samples, file.trace
    imports_ms, top_level_ms = split_load(file)
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
        top_level_ms,
        samples.median("bag_ms"),
        samples.median("serialise_ms"),
        trace.gc_ms if trace else 0.0,
        len(trace.loads) if trace else 0,
        samples.median("rss_growth_kib"),
        samples.median("load_ms") / limit_ms if limit_ms else 0.0,
    )


_LOAD_COLUMNS = (
    "path",
    "module",
    "package",
    "distribution",
    "version",
    "origin",
    "self_ms",
    "cumulative_ms",
    "depth",
    "importer",
    "importer_file",
    "line",
)


def loads_frame(run: Run) -> pd.DataFrame:
    """One row per file and loaded module: its own and its cumulative time, and who imported it at which line."""
    versions = run.environment.distributions

    def rows() -> Iterable[tuple[Any, ...]]:
        for file in run.files:
            if file.trace is None:
                continue
            columns = file.trace.loads
            depths = loading.depths(columns)
            for position, place in enumerate(columns.module):
                module, importer = run.modules[place], columns.importer[position]
                name, importer_file = _importer(run.modules, importer, file.path)
                yield (
                    file.path,
                    module.name,
                    loading.package(module),
                    module.distribution,
                    versions.get(module.distribution, ""),
                    module.origin.value,
                    columns.self_us[position] / 1000,
                    columns.cumulative_us[position] / 1000,
                    depths[position],
                    name,
                    importer_file,
                    columns.line[position],
                )

    return _frame(_LOAD_COLUMNS, rows())


def _importer(modules: Sequence[Module], position: int, path: str) -> tuple[str, str]:
    if position >= 0:
        return modules[position].name, modules[position].file
    return ("", path) if position == -1 else ("", "")


_IMPORT_COLUMNS = ("name", "origin", "files", "self_ms", "cumulative_ms", "largest_ms")


def imports_frame(run: Run, by: Group = "package") -> pd.DataFrame:
    """Import time over all files, by module, top-level package or distribution, costliest first.

    ``self_ms`` sums the time of the group's own modules. ``cumulative_ms`` sums, file by file, the loads that are not
    inside another load of the same group, so nothing is counted twice; ``largest_ms`` is the most in one file.
    Code without a distribution (the user's own, the standard library) is grouped by package.
    """
    keys = [loading.group(module, by) for module in run.modules]
    totals: dict[str, list[float]] = {}
    origins: dict[str, str] = {}
    for file in run.files:
        if file.trace is None:
            continue
        for key, (own, cumulative) in loading.by_group(file.trace.loads, keys).items():
            row = totals.setdefault(key, [0, 0.0, 0.0, 0.0])
            row[0] += 1
            row[1] += own
            row[2] += cumulative
            row[3] = max(row[3], cumulative)
    for module, key in zip(run.modules, keys, strict=True):
        origins.setdefault(key, module.origin.value)
    frame = _frame(_IMPORT_COLUMNS, ((key, origins[key], int(row[0]), *row[1:]) for key, row in totals.items()))
    ranked: pd.DataFrame = frame.sort_values("cumulative_ms", ascending=False, kind="stable", ignore_index=True)
    return ranked


_STATEMENT_COLUMNS = (
    "path",
    "line",
    "end_line",
    "kind",
    "text",
    "depth",
    "wall_ms",
    "self_ms",
    "imports_ms",
    "cpu_ms",
    "waiting_ms",
    "count",
    "is_partial",
)


def statements_frame(run: Run) -> pd.DataFrame:
    """One row per file and top-level statement that ran, largest own time first.

    ``self_ms`` and ``waiting_ms`` are without nested statements; ``imports_ms`` is what the loads begun on an import
    statement's lines took. ``is_partial`` marks statements of a loop that was looked into for its first iterations only.
    """

    def rows() -> Iterable[tuple[Any, ...]]:
        for file in run.files:
            if file.trace is not None:
                imported = loading.ms_by_line(file.trace.loads)
                yield from _statement_rows(file.path, file.trace.statements, imported)

    frame = _frame(_STATEMENT_COLUMNS, rows())
    ranked: pd.DataFrame = frame.sort_values("self_ms", ascending=False, kind="stable", ignore_index=True)
    return ranked


def _statement_rows(
    path: str, statements: Sequence[Statement], imported: dict[int, float]
) -> Iterable[tuple[Any, ...]]:
    own = own_us(statements)
    for position, statement in enumerate(statements):
        wall_us, cpu_us = own[position]
        lines = range(statement.line, statement.end_line + 1) if statement.kind in ("import", "importfrom") else ()
        yield (
            path,
            statement.line,
            statement.end_line,
            statement.kind,
            statement.text,
            depth(statements, position),
            statement.wall_us / 1000,
            wall_us / 1000,
            sum(imported.get(line, 0.0) for line in lines),
            statement.cpu_us / 1000,
            max(0, wall_us - cpu_us) / 1000,
            statement.count,
            is_partial(statements, position),
        )


def own_us(statements: Sequence[Statement]) -> list[tuple[int, int]]:
    """Wall and CPU microseconds of each statement without those nested in it."""
    own = [[statement.wall_us, statement.cpu_us] for statement in statements]
    for statement in statements:
        if statement.parent >= 0:
            own[statement.parent][0] -= statement.wall_us
            own[statement.parent][1] -= statement.cpu_us
    return [(max(0, wall), max(0, cpu)) for wall, cpu in own]


def is_partial(statements: Sequence[Statement], position: int) -> bool:
    """Whether a statement is inside a loop of which only the first iterations were looked into."""
    while (position := statements[position].parent) >= 0:
        if statements[position].is_cut:
            return True
    return False


def depth(statements: Sequence[Statement], position: int) -> int:
    """How many statements enclose this one."""
    level = 0
    while (position := statements[position].parent) >= 0 and level < len(statements):
        level += 1
    return level


def accesses_frame(run: Run) -> pd.DataFrame:
    """One row per file and Variable or Connection used at a line while parsing, and what answered."""
    columns = ("path", "kind", "key", "operation", "answered_by", "file", "line", "count")
    return _frame(
        columns,
        (
            (file.path, a.kind, a.key, a.operation, a.answered_by, a.file, a.line, a.count)
            for file in run.files
            for a in file.accesses
        ),
    )


def failures_frame(run: Run) -> pd.DataFrame:
    """One row per file and reason why it gave no DAGs."""
    columns = ("path", "status", "type", "message", "cause", "file", "line")
    return _frame(
        columns,
        (
            (file.path, file.status.value, f.type, f.message, f.cause, f.file, f.line)
            for file in run.files
            for f in file.failures
        ),
    )


def samples_frame(run: Run) -> pd.DataFrame:
    """One row per timed parse."""
    names = run.files[0].samples.__struct_fields__ if run.files else ()
    columns = ("path", "sample", *names)
    return _frame(
        columns,
        (
            (file.path, number, *(getattr(file.samples, name)[number] for name in names))
            for file in run.files
            for number in range(len(file.samples))
        ),
    )
