"""The tables of top-level statements, and of all causes of the load stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from dagprof.analyse import loads as loading
from dagprof.analyse.frames import columns
from dagprof.analyse.frames.building import ranked, table
from dagprof.analyse.owners import of_each_file
from dagprof.analyse.statements import are_partial, depths
from dagprof.attribution.scale import scale
from dagprof.attribution.statement_times import own_us
from dagprof.model import Run, Statement


def statements_frame(run: Run, from_ms: float = 0.0) -> pd.DataFrame:
    """One row per file and executed top-level statement. The statement with the largest own time
    comes first.

    Times come from the tracing pass. Times are scaled to an uninstrumented parse, and exclude the
    time that the parse waited for a CPU. ``self_ms`` and ``waiting_ms`` exclude nested statements.
    ``imports_ms`` is the time of the module loads that start on the lines of an import statement.
    ``building_ms`` is the part of ``self_ms`` in which the statement created DAGs and tasks.
    ``is_partial`` marks statements of a loop of which dagprof timed only the first iterations.
    ``gc_ms`` is the garbage collection during the statement. All other columns exclude garbage
    collection. ``from_ms`` is the minimum own time of a row, including garbage collection.
    ``member`` is the file in a zip archive that contains the statement.
    """

    def rows() -> Iterable[tuple[object, ...]]:
        for file in run.files:
            if file.trace is not None:
                imported = loading.ms_by_line(file.trace.loads)
                yield from _statement_rows(
                    file.path, file.trace.statements, imported, from_ms, scale(file)
                )

    frame = table(columns.STATEMENTS, rows())
    return ranked(frame, "self_ms")


def owners_frame(run: Run) -> pd.DataFrame:
    """One row per file and part of the load stage: import, call, own work and so on. The largest
    part comes first. The parts of a file add up to the median load time of the file.

    ``file`` and ``line`` are the line of the user's code that causes the part. ``what`` is the
    module or the statement. Files without a trace have no rows. Times exclude the time that parses
    waited for a CPU.
    """
    rows = (
        (
            owner.path,
            owner.kind.value,
            owner.place.file if owner.place else "",
            owner.place.line if owner.place else 0,
            owner.what,
            owner.ms,
        )
        for _, found in of_each_file(run)
        for owner in found
    )
    return ranked(table(columns.OWNERS, rows), "ms")


def _statement_rows(
    path: str,
    statements: Sequence[Statement],
    imported: dict[int, float],
    from_ms: float,
    factor: float,
) -> Iterable[tuple[object, ...]]:
    own, depth, is_partial = own_us(statements), depths(statements), are_partial(statements)
    for position, statement in enumerate(statements):
        wall_us, cpu_us = own[position]
        if (wall_us + statement.gc_us) / 1000 * factor < from_ms:
            continue
        is_import = statement.kind in ("import", "importfrom")
        lines = range(statement.line, statement.end_line + 1) if is_import else ()
        yield (
            path,
            statement.member,
            statement.line,
            statement.end_line,
            statement.kind,
            statement.text,
            depth[position],
            statement.wall_us / 1000 * factor,
            wall_us / 1000 * factor,
            sum(ms for line, ms in imported.items() if line in lines) * factor,
            statement.building_us / 1000 * factor,
            statement.gc_us / 1000 * factor,
            statement.cpu_us / 1000 * factor,
            max(0, wall_us - cpu_us) / 1000 * factor,
            statement.count,
            is_partial[position],
        )
