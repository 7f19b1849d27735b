"""The forecast of the parse loop as JSON, for programs. All times are in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dagprof.analyse.loop import Enough, Forecast, Outlook, Parse
from dagprof.report import parse_loop
from dagprof.report.verdict.json_ import indented
from dagprof.surrogates import without_surrogates

SCHEMA_VERSION = 1


def render(found: Outlook) -> str:
    """The JSON document, with all files."""
    ignorable = found.ignorable
    document = {
        "schema_version": SCHEMA_VERSION,
        "airflow_version": found.run.environment.airflow_version,
        "settings": {name: value._asdict() for name, value in found.values.items()},
        "cores": found.now.settings.cores,
        "costs": found.now.costs._asdict(),
        "now": _forecast(found.now),
        "enough": _enough(found.enough),
        "after_plan": None if found.planned is None else _forecast(found.planned),
        "enough_after_plan": _enough(found.enough_planned),
        "close_to_timeout": [each._asdict() for each in found.close],
        "without_dags": None
        if ignorable is None
        else {
            "paths": ignorable.paths,
            "saves_s": round(ignorable.saves_s, 3),
            "round_s": round(ignorable.round_s, 3),
            "airflowignore": parse_loop.ignore_lines(found.run, ignorable.paths),
        },
    }
    return indented(without_surrogates(document))


def _forecast(one: Forecast) -> dict[str, Any]:
    stale = one.stale
    return {
        "round_s": round(one.round_s, 3),
        "work_s": round(one.work_s, 3),
        "cycle_s": round(one.cycle_s, 3),
        "longest_cycle_s": round(one.longest_cycle_s, 3),
        "stale_s": {
            "mean": round(stale.typical_s, 3),
            "p95": round(stale.most_s, 3),
            "worst": round(stale.worst_s, 3),
            "worst_file": one.files[stale.worst].path if stale.worst >= 0 else None,
        },
        "new_file_s": round(one.new_file_s, 3),
        "busy": round(one.busy, 4),
        "busy_cores": round(one.busy_cores, 4),
        "keeps_up": one.keeps_up,
        "first_round": _parses(one, one.first_round),
    }


def _parses(one: Forecast, parses: Sequence[Parse]) -> list[dict[str, Any]]:
    return [
        {
            "path": one.files[parse.file].path,
            "process": parse.slot,
            "start_s": round(parse.start, 3),
            "end_s": round(parse.stored, 3),
            "is_killed": parse.is_killed,
        }
        for parse in parses
    ]


def _enough(what: Enough | None) -> dict[str, Any] | None:
    return None if what is None else what._asdict()
