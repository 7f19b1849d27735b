"""The files of a deployment side by side with the files of a Run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from dagprof.analyse.loop.costs import costs_of
from dagprof.analyse.others.lookups import file_cost_ms
from dagprof.analyse.production.matching import matches
from dagprof.analyse.production.reasons import lookups, reasons, waits
from dagprof.analyse.production.values import ComparedProduction, Row, Speed
from dagprof.model import FileResult, Production, Run, Status

# Fewer files show nothing about the speed of a machine.
_FEWEST = 5


def compare(run: Run) -> ComparedProduction | None:
    """The comparison for a Run. None without figures of a deployment."""
    if run.production is None:
        return None
    overhead_ms = _overhead_ms(run)
    rows, only_here = _rows(run, run.production, overhead_ms)
    speed = _speed(rows)
    explained = [row._replace(reasons=reasons(row, run.lookup_prices, speed)) for row in rows]
    explained.sort(key=lambda row: (-(row.there.parse_ms or -1.0), row.there.path))
    return ComparedProduction(tuple(explained), only_here, overhead_ms, speed)


def _overhead_ms(run: Run) -> float:
    """Airflow's own work within the duration that its manager reports: it starts the process, and
    notices its end.
    """
    costs = costs_of(run)
    return 1000 * (costs.start_s + costs.child_s + costs.child_dag_s)


def _rows(
    run: Run, production: Production, overhead_ms: float
) -> tuple[list[Row], tuple[str, ...]]:
    results = {file.path: file for file in run.files}
    skipped = {file.path: file for file in run.skipped}
    found = matches(production.files, run.root, dict.fromkeys([*results, *skipped]))
    rows = []
    for number, there in enumerate(production.files):
        path = found.get(number, "")
        file = results.get(path)
        expected = None
        if file is not None and file.is_timed:
            expected = file.own_ms + file_cost_ms(file, run.lookup_prices) + overhead_ms
        rows.append(Row(there, file, skipped.get(path), expected))
    matched = set(found.values())
    return rows, tuple(path for path in results if path not in matched)


def _speed(rows: Sequence[Row]) -> Speed | None:
    factors = [
        row.there.parse_ms / row.expected_ms
        for row in rows
        if row.there.parse_ms and row.expected_ms and _depends_on_machine(row.file)
    ]
    if len(factors) < _FEWEST:
        return None
    low, _, high = statistics.quantiles(factors, n=4)
    return Speed(statistics.median(factors), low, high, len(factors))


def _depends_on_machine(file: FileResult | None) -> bool:
    """Whether only the machine decides how long the file takes: it waits for nothing, and looks up
    nothing.
    """
    return file is not None and file.status is Status.OK and not lookups(file) and not waits(file)
