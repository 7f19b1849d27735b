"""Loop: how long Airflow's DAG processor takes to parse all files of a Run, how stale a changed
file gets, and what would be enough.
"""

from __future__ import annotations

from dataclasses import replace

from dagprof.analyse.fleet import Fleet
from dagprof.analyse.loop import LoopRequest, Outlook, outlook, problem
from dagprof.errors import UsageError
from dagprof.model import Run
from dagprof.report.parse_loop.modified import modification_times


def loop(run: Run, request: LoopRequest | None = None, fleet: Fleet | None = None) -> Outlook:
    """Forecast the parse loop of a Run. ``fleet`` has the savings of this Run, if already computed.
    The modification times come from the files on disk, if the files still exist.

    :raises UsageError: an option has an invalid value, or the Run has no parse times.
    """
    request = request or LoopRequest()
    if not request.modified:
        request = replace(request, modified=modification_times(run))
    for name, text in request.options.items():
        if why := problem(name, text):
            raise UsageError(f"{why}. Give a value that Airflow accepts.")
    if not any(file.is_timed for file in run.files):
        raise UsageError(
            "This run contains no parse times. Use `dagprof scan` to measure DAG files that Airflow"
            " can parse."
        )
    return outlook(run, request, fleet or Fleet(run))
