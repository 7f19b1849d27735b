"""The parse loop of a Run, now and after the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dagprof.analyse.fleet import Fleet, Plan
from dagprof.analyse.loop.costs import costs_of, files_of
from dagprof.analyse.loop.enough import Close, Enough, Ignorable, close, enough, ignorable
from dagprof.analyse.loop.forecast import Forecast, forecast
from dagprof.analyse.loop.settings import Value, settings_of, values_of
from dagprof.model import Run


@dataclass(frozen=True)
class LoopRequest:
    """What the user tries. ``options`` has settings of Airflow by their names in the Run.

    ``cores`` is the number of CPU cores of the DAG processor; None for the measured machine.
    ``per_parse_ms`` is the time of each parse besides the parse itself; None for dagprof's own
    estimate. ``within_s`` is the longest acceptable round; None for ``min_file_process_interval``.
    ``modified`` has the modification time of each file by path, in seconds since the epoch. Files
    without a modification time keep the order of the Run.
    """

    options: Mapping[str, str] = field(default_factory=dict)
    cores: int | None = None
    per_parse_ms: float | None = None
    within_s: float | None = None
    modified: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outlook:
    """The forecast for the present files, and for the files after the plan. ``planned`` is None if
    the plan has no steps.
    """

    run: Run
    values: Mapping[str, Value]
    now: Forecast
    enough: Enough
    close: tuple[Close, ...]
    ignorable: Ignorable | None
    plan: Plan | None = None
    planned: Forecast | None = None
    enough_planned: Enough | None = None


def outlook(run: Run, request: LoopRequest, fleet: Fleet) -> Outlook:
    """Forecast the parse loop of a Run. ``fleet`` has the savings of this Run."""
    values = values_of(run.environment, dict(request.options))
    settings = settings_of(values, run.environment, request.cores or 0)
    per_parse_s = None if request.per_parse_ms is None else request.per_parse_ms / 1000
    costs = costs_of(run, per_parse_s)
    now = forecast(files_of(run, settings.timeout_s, request.modified), settings, costs)
    plan, savings = _savings(fleet)
    planned = None
    if plan.steps:
        files = files_of(run, settings.timeout_s, request.modified, savings)
        planned = forecast(files, settings, costs)
    return Outlook(
        run,
        values,
        now,
        enough(now, request.within_s),
        close(run, now),
        ignorable(run, now),
        plan if plan.steps else None,
        planned,
        None if planned is None else enough(planned, request.within_s),
    )


def _savings(fleet: Fleet) -> tuple[Plan, dict[str, float]]:
    """The plan, and how much faster each file becomes with all its steps."""
    plan = fleet.plan()
    places = [change.place for step in plan.steps for change in step.changes]
    return plan, {view.path: view.saving_ms(places) for view in fleet.views}
