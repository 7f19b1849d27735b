"""The events about results."""

from __future__ import annotations

from collections.abc import Iterable

from dagprof.measure.warm.site import WarmSite
from dagprof.model import Measured
from dagprof.saved import differences, times
from dagprof.saved.values import Explained, Listed, Parsed, Started, Time
from dagprof.usecases.watch.planning import Due


def started(results: Iterable[Measured], site: WarmSite) -> Started:
    """The first pass, the slowest file first."""
    rows = [_listed(measured, site) for measured in results]
    rows.sort(key=lambda row: -(row.ms or 0.0))
    return Started(files=tuple(rows), airflow_version=site.airflow_version)


def _listed(measured: Measured, site: WarmSite) -> Listed:
    result = measured.result
    return Listed(
        path=result.path,
        status=result.status,
        ms=result.parse_ms if result.is_timed else None,
        problems=differences.problems(result, str(site.root)),
    )


def parsed(
    measured: Measured, last: Measured | None, good: Measured | None, due: Due, site: WarmSite
) -> Parsed:
    """A timed parse. ``last`` is the result before, ``good`` the last one that was no failure."""
    result = measured.result
    was_failing = last is not None and last.result.status.is_failure
    return Parsed(
        path=result.path,
        saved=due.saved,
        status=result.status,
        time=times.compared(good.result if good is not None else None, result),
        dags=len(result.dag_ids),
        dags_before=len(good.result.dag_ids) if good is not None else None,
        is_fixed=was_failing and not result.status.is_failure,
        problems=differences.problems(result, str(site.root)),
        before=due.renamed.result.path if due.renamed is not None else "",
    )


def explained(
    measured: Measured, good: Measured | None, due: Due, time: Time, site: WarmSite
) -> Explained:
    """What a traced parse did that the traced parse of ``good`` did not."""
    found = differences.difference(
        site.as_run(good) if good is not None else None,
        site.as_run(measured),
        differences.changed_of(due.lines),
        time,
    )
    return Explained(path=measured.result.path, difference=found)
