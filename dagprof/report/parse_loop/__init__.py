"""Texts about the parse loop. All reports of the loop use these texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from dagprof.analyse.loop import Close, Enough, Forecast, Ignorable, Outlook
from dagprof.model import Run
from dagprof.quantities import count, duration
from dagprof.report.escape import safe_text

INTERVAL, PROCESSES = "min_file_process_interval", "parsing_processes"
_SOURCES = {"option": "your option", "run": "recorded in the run", "default": "Airflow's default"}
# Characters with a meaning in a pattern of .airflowignore with the syntax ``glob``.
_GLOB = re.compile(r"([\\*?\[\]!#])")


class Row(NamedTuple):
    """One figure, now and after the plan. ``planned`` is empty without a plan."""

    name: str
    now: str
    planned: str


def seconds(value: float) -> str:
    """Seconds as text for people."""
    return duration(1000 * value)


def headline(found: Outlook) -> str:
    """The first sentences: the time of one round, and whether the DAG processor keeps up."""
    now = found.now
    text = (
        f"Airflow's DAG processor needs {seconds(now.round_s)} to parse"
        f" {count(len(now.files), 'file')} once with"
        f" {_processes(now.settings.processes)}."
    )
    interval = seconds(now.settings.interval_s)
    if now.keeps_up:
        return (
            f"{text} This time does not exceed {INTERVAL} ({interval}), so the DAG processor keeps"
            " up."
        )
    return (
        f"{text} This time exceeds {INTERVAL} ({interval}), so the DAG processor does not keep up."
        f" On average, Airflow parses each file only every {seconds(now.cycle_s)}."
    )


def _processes(number: int) -> str:
    return f"{number:,} parsing process" + ("" if number == 1 else "es")


def rows(found: Outlook) -> list[Row]:
    """The figures of the loop."""
    planned = _figures(found.planned) if found.planned is not None else {}
    return [Row(name, text, planned.get(name, "")) for name, text in _figures(found.now).items()]


def _figures(one: Forecast) -> dict[str, str]:
    stale = one.stale
    return {
        "One round over all files": seconds(one.round_s),
        "Time between two parses of a file, mean": seconds(one.cycle_s),
        "Time between two parses of a file, longest": seconds(one.longest_cycle_s),
        "Time until Airflow stores a changed file, mean": seconds(stale.typical_s),
        "Time until Airflow stores a changed file, 95 %": f"at most {seconds(stale.most_s)}",
        "Time until Airflow stores a changed file, longest": seconds(stale.worst_s),
        "Time until Airflow starts to parse a new file, longest": seconds(one.new_file_s),
        "Parsing processes busy": f"{one.busy:.0%} of {one.settings.processes:,}",
        "CPU cores busy": f"{one.busy_cores:.0%} of {one.settings.cores:,}",
    }


def settings(found: Outlook) -> list[tuple[str, str, str]]:
    """Airflow's settings: name, value and source."""
    return [
        (value.name, safe_text(value.value, 60), _SOURCES[value.source])
        for value in found.values.values()
    ]


def sufficient(found: Outlook) -> list[str]:
    """Sentences about what would be enough, now and after the plan."""
    lines = _sufficient(found.enough, found.now)
    if found.planned is not None and found.enough_planned is not None:
        line = _sufficient(found.enough_planned, found.planned)[0]
        lines.append(f"With the proposed changes: {line[:1].lower()}{line[1:]}")
    if found.ignorable is not None and not found.enough.is_enough:
        lines += _ignoring(found.ignorable, found.enough)
    return lines


def _sufficient(what: Enough, one: Forecast) -> list[str]:
    within = seconds(what.within_s)
    if what.is_enough:
        return [f"The current settings are enough to parse all files within {within}."]
    lines = []
    if what.processes:
        cores = f" on {what.cores:,} CPU cores" if what.cores > one.settings.cores else ""
        lines.append(
            f"{PROCESSES} = {what.processes}{cores} is enough to parse all files within {within}."
        )
    else:
        longest = max(zip(one.occupied_s, one.files, strict=True))
        lines.append(
            f"More parsing processes are not enough to parse all files within {within}. The slowest"
            f" file, {safe_text(longest[1].path)}, alone takes {seconds(longest[0])}."
        )
    lines.append(
        f"With {_processes(one.settings.processes)}, set {INTERVAL} to at least"
        f" {what.interval_s:.0f}."
    )
    return lines


def _ignoring(what: Ignorable, needed: Enough) -> list[str]:
    outcome = "is enough" if what.round_s <= needed.within_s else "alone is not enough"
    define = "defines" if len(what.paths) == 1 else "define"
    text = (
        f"If .airflowignore excludes the {count(len(what.paths), 'file')} that {define} no DAG,"
        f" one round takes {seconds(what.round_s)}. This change {outcome} to parse all files"
        f" within {seconds(needed.within_s)}."
    )
    return [text]


def without_dags(what: Ignorable) -> str:
    """A sentence about the files that Airflow need not parse."""
    do = "defines" if len(what.paths) == 1 else "define"
    return (
        f"{count(len(what.paths), 'file')} {do} no DAG and {'takes' if do[-1] == 's' else 'take'}"
        f" {seconds(what.saves_s)} of each round. To exclude"
        f" {'it' if len(what.paths) == 1 else 'them'}, add these lines to .airflowignore in the DAG"
        " folder:"
    )


def ignore_lines(run: Run, paths: Sequence[str]) -> list[str]:
    """Lines for .airflowignore in the syntax of the Run, one for each file."""
    default = "regexp" if run.environment.airflow_version.startswith("2.") else "glob"
    syntax = run.environment.airflow_config.get("dag_ignore_file_syntax", default)
    plain = [path for path in paths if path.isprintable()]
    if syntax == "regexp":
        return [f"^{re.escape(path)}$" for path in plain]
    return ["/" + _GLOB.sub(r"\\\1", path) for path in plain]


def near(each: Close) -> str:
    """The part of a timeout that a file needs."""
    return f"{each.takes_s / each.limit_s:.0%} of {each.limit} ({seconds(each.limit_s)})"


def assumption(found: Outlook) -> str:
    """A sentence about what the forecast assumes."""
    now = found.now
    extra = sum(now.costs) - now.costs.turn_s
    return (
        "The forecast simulates the manager of Airflow's DAG processor on"
        f" {count(now.settings.cores, 'CPU core')}. For Airflow's own work, the forecast adds"
        f" {seconds(extra)} to each parse. To try other values, use the options of `dagprof loop`."
    )
