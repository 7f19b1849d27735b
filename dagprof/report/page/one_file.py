"""The data of the view of one file. The data are plain values, and the script of the page creates
the layout.

This module makes names and texts safe. ``loads`` has columns in µs, like the trace. Each row of
``statements`` has these fields: parent, line, last line, text, wall time in µs, CPU time in µs,
number of runs, and a mark if dagprof timed only the first iterations. Each node of ``stack`` has a
function, a place, a time in ms and children. Line 0 in ``effects`` and ``accesses`` means a line in
another file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from dagprof.analyse.causes import failing_file
from dagprof.analyse.statements import are_partial
from dagprof.attribution.candidates import shown_path
from dagprof.attribution.scale import sampled_scale
from dagprof.model import (
    STATEMENT,
    Access,
    Effect,
    Failure,
    FileResult,
    Instability,
    Loads,
    Run,
    Stack,
    Statement,
    Trace,
)
from dagprof.quantities import duration
from dagprof.report import changes, figures
from dagprof.report.escape import safe_lines, safe_text
from dagprof.report.page.sources import source_of

# The most rows of each list. The run file has all rows.
LOADS, STATEMENTS, CALLS, ROWS, FREE = 4_000, 400, 400, 60, 40
TRACEBACK_LENGTH = 6_000
OUTPUT_LENGTH = 4_000
SHOWN_DAGS = 5

Row = dict[str, Any]


def address(path: str) -> str:
    """The identifier of a file in the URL of the page. The identifier never changes and contains
    only safe characters.
    """
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def build(run: Run, file: FileResult, *, with_source: bool) -> Row:
    """All values of the view of one file, without empty values."""
    source, no_source = (
        source_of(run, file) if with_source else (None, "This report contains no source code.")
    )
    found: Row = {
        "samples": [round(ms, 1) for ms in file.samples.wall_ms],
        "facts": _facts(run, file),
        "detail": safe_text(file.detail),
        "failures": [_failure(failure, file, run) for failure in file.failures],
        "doubts": [safe_text(doubt.text, 500) for doubt in file.doubts],
        "accesses": [_access(access, file, run.root) for access in file.accesses[:ROWS]],
        "effects": [_effect(effect, file, run.root) for effect in _ranked(file.effects)[:ROWS]],
        "experiments": [
            [changes.trial(each), each.is_shorter, [safe_text(text, 200) for text in each.cautions]]
            for each in file.experiments[:ROWS]
        ],
        "unstable": [_instability(each) for each in file.instabilities[:ROWS]],
        "outputs": _outputs(file),
        "source": source,
        "no_source": no_source,
        "stack": _stack(file.stack, file.path, sampled_scale(file)) if file.stack else None,
    }
    found["left_out"] = _left_out(file, found)
    if file.trace is not None:
        found |= {
            "wall_us": round(file.trace.wall_ms * 1000),
            "loads": columns(file.trace.loads),
            "free": _free(run, file.trace),
            "statements": _statements(file.trace),
        }
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def _left_out(file: FileResult, found: Row) -> dict[str, int]:
    """The number of omitted rows of each list that has omitted rows."""
    lists = {
        "accesses": file.accesses,
        "effects": file.effects,
        "experiments": file.experiments,
        "unstable": file.instabilities,
    }
    left = {name: len(every) - ROWS for name, every in lists.items()}
    if file.trace is not None:
        left["loads"] = len(file.trace.loads) - LOADS
        left["statements"] = len(file.trace.statements) - STATEMENTS
    if found["stack"]:
        left["calls"] = _size(file.stack) - CALLS
    return {name: number for name, number in left.items() if number > 0}


def _size(stack: Stack | None) -> int:
    waiting, size = [stack] if stack else [], 0
    while waiting:
        size += 1
        waiting += waiting.pop().children
    return size


def columns(loads: Loads) -> dict[str, Sequence[int]]:
    """The module loads as columns. If there are too many loads, the columns contain only the
    slowest loads and the loads that enclose them.
    """
    kept = _kept(loads.cumulative_us, LOADS)
    position = {place: number for number, place in enumerate(kept)}
    return {
        "module": [loads.module[place] for place in kept],
        "parent": [position.get(loads.parent[place], -1) for place in kept],
        "own": [loads.self_us[place] for place in kept],
        "total": [loads.cumulative_us[place] for place in kept],
        "importer": [loads.importer[place] for place in kept],
        "line": [loads.line[place] for place in kept],
    }


def _kept(costs: Sequence[float], most: int) -> Sequence[int]:
    """The positions of the largest costs, in their original order. A load costs at least as much as
    the nested loads, so the parent of each kept row is also kept.
    """
    if len(costs) <= most:
        return range(len(costs))
    return sorted(sorted(range(len(costs)), key=lambda place: (-costs[place], place))[:most])


def _facts(run: Run, file: FileResult) -> list[tuple[str, str]]:
    names = file.dag_ids
    cut = "…" if len(names) > SHOWN_DAGS else ""
    more = f" ({safe_text(', '.join(names[:SHOWN_DAGS]), 160)}{cut})" if names else ""
    facts = [("DAGs", f"{len(names):,}{more}"), ("Tasks", f"{file.task_count:,}")]
    if file.is_timed:
        median = file.samples.median
        facts += [
            ("CPU time", duration(median("cpu_ms"))),
            ("Waiting for a CPU", duration(median("queued_ms"))),
            ("CPU time of child processes", duration(median("children_cpu_ms"))),
            ("Duration reported by Airflow's DagBag", duration(median("dagbag_ms"))),
            ("Memory growth", f"{median('rss_growth_kib') / 1024:.1f} MiB"),
        ]
        limit_s = run.environment.import_timeout_s
        if limit_s:
            facts.append(
                (
                    f"Share of the {limit_s:g} s import timeout",
                    f"{median('load_ms') / limit_s / 1000:.1%}",
                )
            )
    if file.trace is not None:
        facts.append(("Modules loaded", f"{len(file.trace.loads):,}"))
    return facts


def _failure(failure: Failure, file: FileResult, run: Run) -> list[str | int]:
    at = failing_file(failure, run.root, run.project.root) or file.path
    return [
        safe_text(failure.type, 80),
        safe_text(failure.message, 400),
        safe_text(failure.cause, 400),
        _middle_cut(failure.traceback),
        failure.line,
        safe_text(f"{at}:{failure.line}") if failure.line else "",
    ]


def _middle_cut(text: str) -> str:
    """The beginning and the end of a long traceback. The beginning is in the DAG file, and the end
    is the exception.
    """
    if len(text) <= TRACEBACK_LENGTH:
        return safe_lines(text, TRACEBACK_LENGTH)
    return (
        safe_lines(text[: TRACEBACK_LENGTH // 3])
        + "\n…\n"
        + safe_lines(text[-2 * TRACEBACK_LENGTH // 3 :])
    )


def _instability(found: Instability) -> list[str]:
    return [
        safe_text(text, 300)
        for text in (found.dag_id, found.field, found.first, found.second, found.under.between)
    ]


def _outputs(file: FileResult) -> list[list[str | int | bool]]:
    streams = [("stderr", file.stderr)]
    if file.status.is_failure:
        streams.insert(0, ("stdout", file.stdout))
    return [
        [
            name,
            safe_lines(out.text, OUTPUT_LENGTH),
            out.total_bytes,
            out.is_cut or len(out.text) > OUTPUT_LENGTH,
        ]
        for name, out in streams
        if out.text
    ]


def _free(run: Run, trace: Trace) -> list[list[str | int]]:
    """Modules that the DAG file imports and that Airflow had already imported in the process."""
    loaded = set(trace.loads.module)
    found = {
        (edge.line, run.modules[edge.target].name): None
        for edge in trace.edges
        if edge.importer < 0 and not edge.in_function and edge.target not in loaded
    }
    return [[line, safe_text(name, 120)] for line, name in list(found)[:FREE]]


def _statement_text(statement: Statement) -> str:
    member = f"{safe_text(statement.member, 60)}: " if statement.member else ""
    return (
        member + ("body of " if statement.kind == "body" else "") + safe_text(statement.text, 160)
    )


def _statements(trace: Trace) -> list[list[object]]:
    statements = trace.statements
    kept = _kept([statement.wall_us for statement in statements], STATEMENTS)
    is_partial = are_partial(statements)
    position = {place: number for number, place in enumerate(kept)}
    return [
        [
            position.get(statements[place].parent, -1),
            statements[place].line,
            statements[place].end_line,
            _statement_text(statements[place]),
            statements[place].wall_us,
            statements[place].cpu_us,
            statements[place].count,
            is_partial[place],
        ]
        for place in kept
    ]


def _stack(stack: Stack, path: str, factor: float) -> list[Any]:
    """The slowest nodes of the call tree, in ms of an uninstrumented parse. The function is
    iterative, because a recursive DAG file creates a deep tree.
    """
    nodes: list[tuple[int, Stack]] = [(-1, stack)]
    for number, (_, node) in enumerate(nodes):
        nodes += [
            (number, child) for child in sorted(node.children, key=lambda child: -child.wall_ms)
        ]
        if number > 20 * CALLS:
            break
    kept = set(_kept([node.wall_ms for _, node in nodes], CALLS))
    built: dict[int, list[Any]] = {}
    for number, (parent, node) in enumerate(nodes):
        if number in kept and (parent < 0 or parent in built):
            built[number] = [
                _function(node),
                _where(node, path),
                round(node.wall_ms * factor, 1),
                [],
            ]
            if parent >= 0:
                built[parent][3].append(built[number])
    return built[0]


def _function(node: Stack) -> str:
    return f"line {node.line}" if node.function == STATEMENT else safe_text(node.function, 100)


def _where(node: Stack, path: str) -> str:
    if not node.file or node.function == STATEMENT:
        return ""
    short = path if node.file.endswith(f"/{path}") else "/".join(node.file.split("/")[-3:])
    return f"{safe_text(short, 80)}:{node.line}" if node.line else safe_text(short, 80)


def _access(access: Access, file: FileResult, root: str) -> list[object]:
    where = shown_path(access.file, root)
    return [
        f"{safe_text(access.kind, 20)} {safe_text(access.operation, 40)}",
        safe_text(access.key, 120),
        figures.answer(access),
        f"{safe_text(where, 120)}:{access.line}",
        access.count,
        access.line if where == file.path else 0,
    ]


def _ranked(effects: Iterable[Effect]) -> list[Effect]:
    """The effects, the slowest first. Effects without a known time follow in the order of their
    lines.
    """
    return sorted(effects, key=lambda effect: (-(effect.wall_us or 0), effect.file, effect.line))


def _effect(effect: Effect, file: FileResult, root: str) -> list[object]:
    where = shown_path(effect.file, root)
    return [
        safe_text(effect.kind, 40),
        safe_text(effect.what, 160) + figures.in_threads(effect),
        f"{safe_text(where, 120)}:{effect.line}",
        effect.count,
        None if effect.wall_us is None else round(effect.wall_us / 1000, 1),
        effect.size_bytes,
        effect.line if where == file.path else 0,
    ]
