"""Tables about the parses of single files: times, effects, lookups, failures, and fields that
differ between parses.
"""

from __future__ import annotations

import math

import pandas as pd

from dagprof.analyse.frames import columns
from dagprof.analyse.frames.building import ranked, table
from dagprof.analyse.stages import split_load
from dagprof.model import FileResult, Run, Samples


def files_frame(run: Run) -> pd.DataFrame:
    """One row per file, the slowest file first. ``load_ms`` is the sum of ``imports_ms``, ``gc_ms``
    and ``top_level_ms``; see ``split_load``.
    """
    frame = table(columns.FILES, (_file_row(run, file) for file in run.files))
    return ranked(frame, "parse_ms")


def _file_row(run: Run, file: FileResult) -> tuple[object, ...]:
    samples, trace = file.samples, file.trace
    imports_ms, gc_ms, top_level_ms = split_load(file)
    wall, cpu, children = (
        samples.median(name) for name in ("wall_ms", "cpu_ms", "children_cpu_ms")
    )
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
        file.composed_ms,
    )


def samples_frame(run: Run) -> pd.DataFrame:
    """One row per timed parse."""
    names = Samples.__struct_fields__
    return table(
        columns.SAMPLES,
        (
            (file.path, number, *(_sampled(file.samples, name, number) for name in names))
            for file in run.files
            for number in range(len(file.samples))
        ),
    )


def _sampled(samples: Samples, name: str, number: int) -> float:
    """One figure of one parse. 0 for figures that an older version of dagprof did not measure."""
    column = getattr(samples, name)
    return float(column[number]) if column else 0.0


def accesses_frame(run: Run) -> pd.DataFrame:
    """One row per file and per Variable or Connection that a line used during parsing.
    ``answered_by`` is the source of the value.
    """
    return table(
        columns.ACCESSES,
        (
            (file.path, a.kind, a.key, a.operation, a.answered_by, a.file, a.line, a.count)
            for file in run.files
            for a in file.accesses
        ),
    )


def failures_frame(run: Run) -> pd.DataFrame:
    """One row per file and reason why the file produced no DAGs."""
    return table(
        columns.FAILURES,
        (
            (file.path, file.status.value, f.type, f.message, f.cause, f.file, f.line)
            for file in run.files
            for f in file.failures
        ),
    )


def effects_frame(run: Run) -> pd.DataFrame:
    """One row per file, kind and line of an effect. ``wall_ms`` is NaN if the time of the effect is
    unknown.
    """
    return table(
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
    """One row per file and field of a serialised DAG that differs between parses."""
    return table(
        columns.INSTABILITIES,
        (
            (
                file.path,
                found.dag_id,
                found.field,
                found.first,
                found.second,
                found.by_seed,
                found.under.value,
            )
            for file in run.files
            for found in file.instabilities
        ),
    )
