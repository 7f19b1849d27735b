"""The options of every command that measures; their names are those of ``dagprof.config.settings.Settings``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

_PARSING = (
    click.option(
        "--bundle-root", metavar="DIR", help="The DAG folder when PATH is below it; imports resolve from there."
    ),
    click.option(
        "--python", metavar="PATH", help="Measure with this interpreter (or virtual environment) and its Airflow."
    ),
    click.option(
        "--temperature",
        type=click.Choice(["processor", "warm", "cold"]),
        help=(
            "Modules to import before each parse: those of the DAG processor (processor, default), "
            "those of a forking worker (warm), or none (cold)."
        ),
    ),
    click.option(
        "--isolation",
        type=click.Choice(["fork", "spawn"]),
        help="Fork each parse from a process that has loaded Airflow (default), or start a new interpreter.",
    ),
    click.option(
        "--jobs", "-j", type=int, metavar="N", help="Number of parallel parses [default: half the cores, at least 2]."
    ),
    click.option(
        "--time-limit",
        "time_limit_s",
        type=float,
        metavar="SECONDS",
        help="Time limit for one parse [default: Airflow's dag_file_processor_timeout].",
    ),
    click.option(
        "--memory-limit",
        "memory_limit_mib",
        type=int,
        metavar="MIB",
        help="Limit on resident memory for one parse [default: none].",
    ),
    click.option(
        "--variables",
        metavar="FILE",
        help=(
            "Answer Variable look-ups from this file (JSON or YAML, as written by `airflow "
            "variables export` or --write-variables)."
        ),
    ),
    click.option("--connections", metavar="FILE", help="Answer Connection look-ups from this file."),
    click.option(
        "--missing-variables",
        type=click.Choice(["stub", "error"]),
        help="Answer unknown Variables and Connections with a stub (default), or as Airflow would.",
    ),
    click.option(
        "--safe-mode/--no-safe-mode",
        default=None,
        help=(
            "Skip files that do not contain both 'airflow' and 'dag', or parse them too [default: as Airflow is configured]."
        ),
    ),
)
_PROJECT = (
    click.option("--plugins", metavar="DIR", help="The plugins folder [default: the project's]."),
    click.option(
        "--pythonpath",
        multiple=True,
        callback=lambda context, option, value: value or None,
        metavar="DIR",
        help="Put this folder on PYTHONPATH, before those of the environment and the project; may be repeated.",
    ),
    click.option(
        "--env-file", metavar="FILE", help="Read environment variables from this file instead of the project's .env."
    ),
    click.option("--airflow-home", metavar="DIR", help="AIRFLOW_HOME [default: from the environment]."),
    click.option(
        "--project/--no-project",
        default=None,
        help="Read the project's files for its environment: plugins, Dockerfile, Compose, .env [default: on].",
    ),
)
_LOOKING = (
    click.option(
        "--repeat", type=int, metavar="N", help="Timed parses per file [default: until the median is stable, 2 to 5]."
    ),
    click.option(
        "--depth",
        type=click.Choice(["quick", "traced", "normal", "full"]),
        help=(
            "quick: only time; traced: time and trace every file; normal (default): trace files "
            "that load in 20 ms or more and prove the largest savings; full: trace and prove "
            "everything."
        ),
    ),
    click.option(
        "--time-budget",
        metavar="DURATION",
        help="Start no further pass after this time, such as 60s; the summary counts the skipped passes.",
    ),
    click.option(
        "--stacks-from",
        "stacks_from_ms",
        type=float,
        metavar="MS",
        help="Sample call stacks of files that take at least this long [default: 500].",
    ),
)


def measuring_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add all of them to a command, in this order in its help."""
    return _added(function, (*_PARSING, *_PROJECT, *_LOOKING))


def parsing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for a single parse, for commands that choose the number of parses themselves."""
    return _added(function, (*_PARSING, *_PROJECT))


def project_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select parts of the project's environment."""
    return _added(function, _PROJECT)


def _added(function: Callable[..., Any], options: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    for option in reversed(options):
        function = option(function)
    return function
