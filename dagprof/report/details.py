"""What the HTML page shows of one file, as plain values. Long tables keep what costs most and tell what they leave out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from dagprof.analyse import loads as loading
from dagprof.analyse.statements import depth, is_partial, own_us
from dagprof.attribution.candidates import shown_path
from dagprof.model import STATEMENT, Access, Effect, Experiment, Failure, FileResult, Run, Stack, Statement
from dagprof.quantities import count
from dagprof.report import changes, figures
from dagprof.report.escape import safe_lines, safe_text

# Of each table of a section, and of each text. A page of a thousand files stays at a few MB.
ROWS = 40
TRACEBACK_LENGTH = 6_000
OUTPUT_LENGTH = 4_000
SHOWN_DAGS = 5
SMALLEST_SHARE = 0.01
DEEPEST = 10

Row = dict[str, Any]


class Table(NamedTuple):
    """Rows in their order, and a sentence about those that are not shown; empty when all are."""

    rows: list[Row]
    left_out: str = ""


def anchor(file: FileResult) -> str:
    """The fragment of a file's section: stable, and free of what the path may hold."""
    return "file-" + hashlib.sha256(file.path.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def build(run: Run, file: FileResult) -> Row:
    """All values of one file's section."""
    named = zip(figures.STAGES, figures.stages(file), strict=True)
    return {
        "path": safe_text(file.path),
        "anchor": anchor(file),
        "status": figures.status(file.status),
        "is_failure": file.status.is_failure,
        "parse": figures.duration(file.parse_ms) if file.is_timed else "",
        "samples": [f"{ms:.1f}" for ms in file.samples.wall_ms],
        "stages": [(name, figures.duration(ms)) for name, ms in named if ms],
        "facts": _facts(run, file),
        "detail": safe_text(file.detail),
        "failures": [_failure(failure) for failure in file.failures],
        "statements": _statements(file),
        "tree": _tree(run, file),
        "stack": _stack(file.stack),
        "accesses": _accesses(file.accesses),
        "effects": _effects(file.effects, run.root),
        "experiments": [_experiment(experiment) for experiment in file.experiments[:ROWS]],
        "unstable": figures.unstable(file) if file.instabilities else "",
        "doubts": [safe_text(doubt.text, 500) for doubt in file.doubts],
        "outputs": _outputs(file),
    }


def _facts(run: Run, file: FileResult) -> list[tuple[str, str]]:
    facts = [("DAGs", _dags(file.dag_ids)), ("Tasks", f"{file.task_count:,}")]
    if file.is_timed:
        median = file.samples.median
        facts += [
            ("CPU", figures.duration(median("cpu_ms"))),
            ("Waited for a processor", figures.duration(median("queued_ms"))),
            ("CPU of child processes", figures.duration(median("children_cpu_ms"))),
            ("DagBag's own duration", figures.duration(median("dagbag_ms"))),
            ("Memory growth", f"{median('rss_growth_kib') / 1024:.1f} MiB"),
        ]
        limit_s = run.environment.import_timeout_s
        if limit_s:
            facts.append((f"Of the {limit_s:g} s import time-out", f"{median('load_ms') / limit_s / 1000:.1%}"))
    if file.trace is not None:
        facts.append(("Modules loaded", f"{len(file.trace.loads):,}"))
    return facts


def _dags(names: Sequence[str]) -> str:
    if not names:
        return "0"
    more = "…" if len(names) > SHOWN_DAGS else ""
    return f"{len(names):,} ({safe_text(', '.join(names[:SHOWN_DAGS]), 160)}{more})"


def _failure(failure: Failure) -> tuple[str, str, str, str]:
    return (
        safe_text(failure.type, 80),
        safe_text(failure.message, 400),
        safe_text(failure.cause, 400),
        safe_lines(failure.traceback, TRACEBACK_LENGTH),
    )


def _outputs(file: FileResult) -> list[tuple[str, str, int, bool]]:
    streams = [("stderr", file.stderr)]
    if file.status.is_failure:
        streams.insert(0, ("stdout", file.stdout))
    return [
        (name, safe_lines(out.text, OUTPUT_LENGTH), out.total_bytes, out.is_cut or len(out.text) > OUTPUT_LENGTH)
        for name, out in streams
        if out.text
    ]


def _kept(costs: Sequence[float], smallest: float) -> list[int]:
    """Positions of the largest costs, in their order. What encloses another costs more, so no row loses its parents."""
    ranked = sorted((place for place, cost in enumerate(costs) if cost >= smallest), key=lambda place: -costs[place])
    return sorted(ranked[:ROWS])


def _left_out(shown: int, total: int, noun: str) -> str:
    return f"{count(total - shown, f'smaller {noun}')} not shown." if total > shown else ""


def _statements(file: FileResult) -> Table:
    if file.trace is None:
        return Table([])
    statements, own = file.trace.statements, own_us(file.trace.statements)
    smallest_us = SMALLEST_SHARE * 1000 * max(file.trace.wall_ms, 10.0)
    kept = _kept([statement.wall_us for statement in statements], smallest_us)
    rows = [_statement(statements, place, own[place]) for place in kept]
    return Table(rows, _left_out(len(kept), len(statements), "statement"))


def _statement(statements: Sequence[Statement], place: int, own: tuple[int, int]) -> Row:
    statement = statements[place]
    return {
        "line": statement.line,
        "depth": min(depth(statements, place), DEEPEST),
        "text": ("body of " if statement.kind == "body" else "") + safe_text(statement.text, 160),
        "wall": figures.duration(statement.wall_us / 1000),
        "waiting": figures.duration(max(0, own[0] - own[1]) / 1000),
        "runs": f"{statement.count:,}" + ("+" if is_partial(statements, place) else ""),
    }


def _tree(run: Run, file: FileResult) -> Table:
    if file.trace is None:
        return Table([])
    loads = file.trace.loads
    depths = loading.depths(loads)
    kept = _kept(loads.cumulative_us, SMALLEST_SHARE * 1000 * max(file.trace.wall_ms, 10.0))
    rows = [
        {
            "name": safe_text(run.modules[loads.module[place]].name, 120),
            "depth": min(depths[place], DEEPEST),
            "cumulative": figures.duration(loads.cumulative_us[place] / 1000),
            "own": figures.duration(loads.self_us[place] / 1000),
            "line": loads.line[place] if loads.importer[place] == -1 else 0,
        }
        for place in kept
    ]
    return Table(rows, _left_out(len(kept), len(loads), "load"))


def _stack(stack: Stack | None) -> Table:
    nodes: list[tuple[int, Stack]] = []
    waiting = [(0, stack)] if stack else []
    while waiting:
        level, node = waiting.pop()
        nodes.append((level, node))
        waiting += [(level + 1, child) for child in sorted(node.children, key=lambda child: child.wall_ms)]
    kept = _kept([node.wall_ms for _, node in nodes], 0.0)
    rows = [
        {
            "function": f"line {node.line}" if node.function == STATEMENT else safe_text(node.function, 100),
            "where": f"{safe_text('/'.join(node.file.split('/')[-3:]), 80)}:{node.line}" if node.file else "",
            "wall": figures.duration(node.wall_ms),
            "depth": min(level, 2 * DEEPEST),
        }
        for level, node in (nodes[place] for place in kept)
    ]
    return Table(rows, _left_out(len(kept), len(nodes), "call"))


def _accesses(accesses: Sequence[Access]) -> Table:
    rows = [
        {
            "kind": safe_text(access.kind, 20),
            "key": safe_text(access.key, 120),
            "operation": safe_text(access.operation, 40),
            "answered_by": safe_text(access.answered_by, 20),
            "where": f"{safe_text(access.file.rpartition('/')[2], 80)}:{access.line}",
            "times": access.count,
        }
        for access in accesses[:ROWS]
    ]
    left_out = count(len(accesses) - ROWS, "more look-up") + " not shown." if len(accesses) > ROWS else ""
    return Table(rows, left_out)


def _effects(effects: Sequence[Effect], root: str) -> Table:
    """The longest first; where no time is known, in the order of their lines."""
    ranked = sorted(effects, key=lambda effect: (-(effect.wall_us or 0), effect.file, effect.line))
    rows = [
        {
            "kind": safe_text(effect.kind, 40),
            "what": safe_text(effect.what, 160),
            "where": f"{safe_text(shown_path(effect.file, root), 120)}:{effect.line}",
            "times": f"{effect.count:,}",
            "time": "" if effect.wall_us is None else figures.duration(effect.wall_us / 1000),
            "size": f"{effect.size_bytes:,}" if effect.size_bytes else "",
        }
        for effect in ranked[:ROWS]
    ]
    left_out = count(len(effects) - ROWS, "more effect") + " not shown." if len(effects) > ROWS else ""
    return Table(rows, left_out)


def _experiment(experiment: Experiment) -> Row:
    return {
        "text": changes.trial(experiment),
        "is_proof": experiment.is_proof,
        "cautions": [safe_text(caution, 200) for caution in experiment.cautions],
    }
