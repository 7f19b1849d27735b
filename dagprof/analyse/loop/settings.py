"""Airflow's settings for the parse loop: the user's options, the values that the Run recorded, or
Airflow's defaults.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from dagprof.analyse.loop.values import SORT_MODES, LoopSettings
from dagprof.model import Environment


class _Row(NamedTuple):
    """A setting: the name in the Run, Airflow's section and key in Airflow 3 and in Airflow 2, and
    the default.
    """

    name: str
    airflow_3: str
    airflow_2: str
    default: str


_ROWS = (
    _Row(
        "parsing_processes",
        "[dag_processor] parsing_processes",
        "[scheduler] parsing_processes",
        "2",
    ),
    _Row(
        "min_file_process_interval",
        "[dag_processor] min_file_process_interval",
        "[scheduler] min_file_process_interval",
        "30",
    ),
    _Row(
        "refresh_interval",
        "[dag_processor] refresh_interval",
        "[scheduler] dag_dir_list_interval",
        "300",
    ),
    _Row(
        "file_parsing_sort_mode",
        "[dag_processor] file_parsing_sort_mode",
        "[scheduler] file_parsing_sort_mode",
        "modified_time",
    ),
    _Row(
        "dag_file_processor_timeout",
        "[dag_processor] dag_file_processor_timeout",
        "[core] dag_file_processor_timeout",
        "50",
    ),
    _Row(
        "dagbag_import_timeout",
        "[core] dagbag_import_timeout",
        "[core] dagbag_import_timeout",
        "30.0",
    ),
    _Row(
        "bundle_refresh_check_interval",
        "[dag_processor] bundle_refresh_check_interval",
        "",
        "5",
    ),
)


class Value(NamedTuple):
    """One setting in the forecast. ``name`` is Airflow's section and key. ``source`` is ``option``,
    ``run`` or ``default``.
    """

    name: str
    value: str
    source: str


def is_airflow_3(environment: Environment) -> bool:
    """Whether the Run comes from Airflow 3 or later."""
    return not environment.airflow_version.startswith(("1.", "2."))


def values_of(environment: Environment, options: dict[str, str]) -> dict[str, Value]:
    """Each setting with its source. ``options`` has values that the user tries, by the names of the
    Run. A value that Airflow would reject counts as missing.
    """
    found = {}
    for row in _ROWS:
        name = row.airflow_3 if is_airflow_3(environment) else row.airflow_2
        if not name:
            continue
        sources = (
            ("option", options.get(row.name)),
            ("run", environment.airflow_config.get(row.name)),
            ("default", row.default),
        )
        found[row.name] = next(
            Value(name, text, source)
            for source, text in sources
            if text is not None and _is_valid(row.name, text)
        )
    return found


def problem(name: str, text: str) -> str:
    """The reason why a value that the user tries is invalid. Empty for a valid value."""
    row = next((row for row in _ROWS if row.name == name), None)
    if row is None:
        return f"{name!r:.40} is not a setting of the parse loop"
    return "" if _is_valid(name, text) else f"{text!r:.40} is not a valid value of {name}"


def settings_of(values: dict[str, Value], environment: Environment, cores: int) -> LoopSettings:
    """The settings as numbers. ``cores`` is the number of CPU cores of the DAG processor; 0 for the
    number of the measured machine.
    """

    def number(name: str, otherwise: float = 0.0) -> float:
        return float(values[name].value) if name in values else otherwise

    return LoopSettings(
        processes=max(1, int(number("parsing_processes"))),
        interval_s=number("min_file_process_interval"),
        refresh_s=number("refresh_interval"),
        check_s=number("bundle_refresh_check_interval"),
        sort_mode=values["file_parsing_sort_mode"].value,
        timeout_s=number("dag_file_processor_timeout"),
        import_timeout_s=number("dagbag_import_timeout"),
        cores=cores or max(1, environment.cpu_count),
        is_airflow_3=is_airflow_3(environment),
    )


def _is_valid(name: str, text: str) -> bool:
    if name == "file_parsing_sort_mode":
        return text in SORT_MODES
    least = 1 if name == "parsing_processes" else 0
    try:
        return least <= float(text) < math.inf
    except ValueError:
        return False
