"""What the HTML page shows, as plain values: the template only lays it out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from dagprof.analyse.comparison import Change, Comparison, FileChange
from dagprof.analyse.fleet import Fleet, Plan
from dagprof.analyse.frames import imports_frame, records, statements_frame
from dagprof.gate.simple import Outcome, Verdict
from dagprof.model import FileResult, Run
from dagprof.quantities import count
from dagprof.report import changes, details, figures
from dagprof.report.details import anchor
from dagprof.report.escape import safe_text

# More files than this are listed, but without a section of their own, unless they failed.
DETAILED_FILES = 150
IMPORT_ROWS = 40
STATEMENT_ROWS = 40

Row = dict[str, Any]


def build(run: Run, fleet: Fleet | None, comparison: Comparison | None, verdict: Verdict | None) -> Row:
    """All values of the page."""
    ranked = sorted(run.files, key=lambda file: -file.parse_ms)
    detailed = _detailed(ranked)
    longest = ranked[0].parse_ms if ranked else 0.0
    return {
        "title": figures.headline(run),
        "headline": _unbroken(figures.headline(run)),
        "tiles": _tiles(run, comparison),
        "stages": [(place, figures.STAGES[place]) for place in figures.occurring(run.files)],
        "files": [_file_row(file, longest, file.path in detailed) for file in ranked],
        "plan": _plan(fleet.plan()) if fleet and fleet.plan().steps else None,
        "imports": [(by, _import_rows(run, by)) for by in ("distribution", "package", "module")],
        "statements": _statement_rows(run),
        "failures": [_failure_row(file) for file in ranked if file.status.is_failure],
        "details": [details.build(run, file) for file in ranked if file.path in detailed],
        "left_out": len(ranked) - len(detailed),
        "comparison": _comparison(comparison) if comparison else None,
        "verdict": _verdict(verdict) if verdict else None,
        "environment": _environment(run),
        "doubts": _doubts(run),
        "skipped": [(safe_text(file.path), file.reason) for file in run.skipped],
        "created_at": run.created_at,
        "version": run.dagprof_version,
    }


def _plan(plan: Plan) -> Row:
    return {
        "summary": changes.summary(plan, 3),
        "floor": figures.duration(plan.floor_ms),
        "steps": [
            {
                "adds": figures.duration(step.adds_ms),
                "total": figures.duration(step.total_ms),
                "files": step.files,
                "evidence": step.evidence,
                "places": [safe_text(str(change.place), 200) for change in step.changes],
                "what": safe_text(changes.instruction(step), 300),
                "ways": [changes.way(change) for change in step.changes if changes.way(change)],
                "cautions": [safe_text(text, 200) for change in step.changes for text in change.cautions],
            }
            for step in plan.steps
        ],
    }


def _unbroken(text: str) -> str:
    """The text with figures that do not part from their units at the end of a line."""
    return re.sub(r"(\d) (?=(?:ms|s|min)\b)", "\\1\N{NO-BREAK SPACE}", text)


def _detailed(ranked: Sequence[FileResult]) -> set[str]:
    slowest = {file.path for file in ranked[:DETAILED_FILES]}
    return slowest | {file.path for file in ranked if file.status.is_failure}


def _tiles(run: Run, comparison: Comparison | None) -> list[tuple[str, str, str]]:
    """Label, figure, and what the figure means."""
    processes = figures.parsing_processes(run)
    failed = sum(file.status.is_failure for file in run.files)
    tiles = [
        ("Parse loop", figures.duration(run.total_parse_ms), "sum of the files' median parse times"),
        (
            "Per parsing process",
            figures.duration(run.total_parse_ms / processes),
            "with 1 process, as configured" if processes == 1 else f"with {processes} processes, as configured",
        ),
        ("Files", f"{len(run.files):,}", f"{failed} could not be loaded" if failed else "all could be loaded"),
        (
            "DAGs",
            f"{sum(len(f.dag_ids) for f in run.files):,}",
            count(sum(f.task_count for f in run.files), "task"),
        ),
    ]
    if comparison is not None:
        change = comparison.current_total_ms - comparison.baseline_total_ms
        sign = "+" if change >= 0 else "−"
        tiles.append(("Against baseline", f"{sign}{figures.duration(abs(change))}", "change of the parse loop"))
    return tiles


def _file_row(file: FileResult, longest_ms: float, has_detail: bool) -> Row:
    return {
        "path": safe_text(file.path),
        "anchor": anchor(file) if has_detail else "",
        "status": figures.status(file.status),
        "is_failure": file.status.is_failure,
        "dags": len(file.dag_ids),
        "tasks": file.task_count,
        "parse_ms": file.parse_ms,
        "parse": figures.duration(file.parse_ms) if file.is_timed else "–",
        "spread": f"{file.samples.spread_ms:.1f}" if len(file.samples) > 1 else "",
        "spread_ms": file.samples.spread_ms,
        "cpu_ms": file.samples.median("cpu_ms"),
        "cpu": figures.duration(file.samples.median("cpu_ms")) if file.is_timed else "–",
        "bar": _bar(file, longest_ms),
        "bar_text": _bar_text(file),
        "has_doubts": bool(file.doubts),
    }


def _bar(file: FileResult, longest_ms: float) -> list[tuple[int, float, float]]:
    """Stage number, start and width, in per cent of the slowest file."""
    pieces, start = [], 0.0
    for number, ms in enumerate(figures.stages(file)):
        width = 100 * ms / longest_ms if longest_ms else 0.0
        if width >= 0.05:
            pieces.append((number, round(start, 2), round(width, 2)))
        start += width
    return pieces


def _bar_text(file: FileResult) -> str:
    named = zip(figures.STAGES, figures.stages(file), strict=True)
    return ", ".join(f"{name} {figures.duration(ms)}" for name, ms in named if ms >= 0.05)


def _import_rows(run: Run, by: Any) -> list[Row]:
    frame = imports_frame(run, by=by)
    largest = float(frame["cumulative_ms"].max()) if len(frame) else 0.0
    return [
        {
            "name": safe_text(str(row["name"]), 120),
            "version": safe_text(run.environment.distributions.get(str(row["name"]), ""), 40)
            if by == "distribution"
            else "",
            "origin": {"user": "your code", "stdlib": "standard library"}.get(str(row["origin"]), "installed"),
            "files": int(row["files"]),
            "total": figures.duration(float(row["cumulative_ms"])),
            "total_ms": float(row["cumulative_ms"]),
            "own": figures.duration(float(row["self_ms"])),
            "own_ms": float(row["self_ms"]),
            "largest": figures.duration(float(row["largest_ms"])),
            "largest_ms": float(row["largest_ms"]),
            "width": round(100 * float(row["cumulative_ms"]) / largest, 2) if largest else 0,
        }
        for row in records(frame.head(IMPORT_ROWS))
    ]


def _statement_rows(run: Run) -> list[Row]:
    frame = statements_frame(run)
    frame = frame[(frame["self_ms"] >= 1.0) & (frame["kind"] != "body") & ~frame["is_partial"]]
    anchors = {file.path: anchor(file) for file in run.files}
    return [
        {
            "where": f"{safe_text(str(row['path']))}:{row['line']}",
            "anchor": anchors[str(row["path"])],
            "text": safe_text(str(row["text"]), 160),
            "time": figures.duration(float(row["self_ms"])),
            "time_ms": float(row["self_ms"]),
            "waiting": figures.duration(float(row["waiting_ms"])) if row["waiting_ms"] >= 1 else "–",
            "waiting_ms": float(row["waiting_ms"]),
            "runs": int(row["count"]),
        }
        for row in records(frame.head(STATEMENT_ROWS))
    ]


def _failure_row(file: FileResult) -> Row:
    line = next((failure.line for failure in file.failures if failure.line), 0)
    return {
        "path": safe_text(file.path),
        "anchor": anchor(file),
        "line": line,
        "status": figures.status(file.status),
        "why": safe_text(figures.why_failed(file), 400),
    }


def _comparison(comparison: Comparison) -> Row:
    def rows(*changes: Change) -> list[Row]:
        return [
            {
                "path": safe_text(file.path),
                "change": file.change.value,
                "baseline": figures.duration(file.baseline_ms) if file.change is not Change.ADDED else "–",
                "current": figures.duration(file.current_ms) if file.change is not Change.REMOVED else "–",
                "difference": f"{file.difference_ms:+,.0f} ms",
                "share": "" if file.difference_share is None else f"{file.difference_share:+.0%}",
                "reason": safe_text(file.reason, 300),
                "new": safe_text(", ".join(file.new_imports), 200),
                "gone": safe_text(", ".join(file.gone_imports), 200),
            }
            for file in comparison.of(*changes)
        ]

    def paths(files: Iterable[FileChange]) -> list[str]:
        return [safe_text(file.path) for file in files]

    return {
        "baseline": figures.duration(comparison.baseline_total_ms),
        "current": figures.duration(comparison.current_total_ms),
        "changed": rows(Change.SLOWER)
        + rows(Change.FASTER)
        + rows(Change.UNSURE)
        + rows(Change.ADDED)
        + rows(Change.REMOVED),
        "breaks": paths(file for file in comparison.files if file.breaks),
        "mended": paths(file for file in comparison.files if file.is_mended),
        "unchanged": count(len(comparison.of(Change.UNCHANGED)), "file"),
        "warnings": [safe_text(text, 500) for text in comparison.warnings],
    }


def _verdict(verdict: Verdict) -> Row:
    return {
        "outcome": verdict.outcome.value,
        "tag": {Outcome.PASSED: "passed", Outcome.FAILED: "failed"}.get(verdict.outcome, "unsure"),
        "reason": safe_text(verdict.reason, 500),
        "reasons": [safe_text(reason, 500) for reason in verdict.reasons],
    }


def _environment(run: Run) -> list[tuple[str, str]]:
    where = run.environment
    rows = [
        ("Scanned", run.root),
        ("Airflow", where.airflow_version),
        ("Python", f"{where.python_version} ({where.python_executable})"),
        ("Platform", where.platform),
        ("Processor", f"{where.cpu_model}, {where.cpu_count} cores"),
        ("AIRFLOW_HOME", where.airflow_home or "a temporary one"),
    ]
    if where.git is not None:
        rows.append(("Commit", where.git.commit + (", with uncommitted changes" if where.git.is_dirty else "")))
    rows += [(name.replace("_", " "), str(value)) for name, value in run.settings.items() if value is not None]
    rows += [(name.replace("_", " "), value) for name, value in where.airflow_config.items() if value]
    return [(name, safe_text(str(value), 300)) for name, value in rows]


def _doubts(run: Run) -> list[str]:
    doubts = [safe_text(doubt.text, 500) for doubt in run.doubts]
    doubts += [line for line in (figures.skipped(run), figures.untraced(run)) if line]
    if not run.is_complete:
        doubts.insert(0, "The scan was interrupted; files are missing.")
    counts: dict[str, int] = {}
    for file in run.files:
        for doubt in file.doubts:
            counts[doubt.code] = counts.get(doubt.code, 0) + 1
    return doubts + [f"{count(number, 'file')}: {_DOUBT_WORDS.get(code, code)}." for code, number in counts.items()]


_DOUBT_WORDS = {
    "stubbed": "stubs answered for Variables or Connections, whose real cost is not in the times",
    "noisy": "the repeats differ by much",
    "busy": "the parses waited for a processor that other programs used",
    "drift": "the repeats drift: one parse changes the next",
    "inconsistent": "the parses did not all end alike",
    "leftover-processes": "processes were left running and ended by dagprof",
    "no-trace": "imports and statements could not be traced",
    "no-statements": "statements could not be clocked",
    "no-stacks": "call stacks could not be sampled",
}
