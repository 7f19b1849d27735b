"""The options of every command that measures; their names are those of ``dagprof.settings.Settings``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

_PARSING = (
    click.option(
        "--bundle-root", metavar="DIR", help="The DAG folder, when PATH is below it: imports resolve from there."
    ),
    click.option(
        "--python", metavar="PATH", help="Measure with this interpreter (or virtual environment) and its Airflow."
    ),
    click.option(
        "--temperature",
        type=click.Choice(["processor", "warm", "cold"]),
        help="What is imported already: as in the DAG processor (default), a forking worker, or nothing.",
    ),
    click.option(
        "--isolation",
        type=click.Choice(["fork", "spawn"]),
        help="Fork each parse from a process that has Airflow (default), or start a new interpreter.",
    ),
    click.option("--jobs", "-j", type=int, metavar="N", help="Parses at once [default: half the cores, 2 at least]."),
    click.option(
        "--time-limit",
        "time_limit_s",
        type=float,
        metavar="SECONDS",
        help="For one parse [default: Airflow's dag_file_processor_timeout].",
    ),
    click.option(
        "--memory-limit",
        "memory_limit_mib",
        type=int,
        metavar="MIB",
        help="Resident memory for one parse [default: none].",
    ),
    click.option(
        "--variables",
        metavar="FILE",
        help="Answer Variable look-ups from this file (JSON or YAML, as `airflow variables export` or --write-variables writes it).",
    ),
    click.option("--connections", metavar="FILE", help="The same for Connections."),
    click.option(
        "--missing-variables",
        type=click.Choice(["stub", "error"]),
        help="Answer unknown Variables and Connections with a stub (default), or as Airflow would.",
    ),
    click.option(
        "--safe-mode/--no-safe-mode",
        default=None,
        help="Skip files whose text lacks 'airflow' and 'dag', or parse them too [default: as Airflow is configured].",
    ),
)
_PROJECT = (
    click.option("--plugins", metavar="DIR", help="The plugins folder [default: that of the project]."),
    click.option(
        "--pythonpath",
        multiple=True,
        callback=lambda context, option, value: value or None,
        metavar="DIR",
        help="Put this folder on PYTHONPATH, before those of the environment and of the project; may be repeated.",
    ),
    click.option(
        "--env-file", metavar="FILE", help="Take environment variables from this file instead of the project's .env."
    ),
    click.option("--airflow-home", metavar="DIR", help="AIRFLOW_HOME [default: that of the environment]."),
    click.option(
        "--project/--no-project",
        default=None,
        help="Use what the project's files say about its environment: plugins, Dockerfile, Compose, .env [default: use it].",
    ),
)
_LOOKING = (
    click.option(
        "--repeat", type=int, metavar="N", help="Timed parses per file [default: until the median is stable, 2 to 5]."
    ),
    click.option(
        "--depth",
        type=click.Choice(["quick", "traced", "normal", "full"]),
        help="Time only (quick); time and trace all (traced); trace files that load in 20 ms or more and prove the largest savings (normal, default); trace all and prove all (full).",
    ),
    click.option(
        "--time-budget",
        metavar="DURATION",
        help="Begin no further pass after this time, such as 60s; what was left out is said.",
    ),
    click.option(
        "--stacks-from",
        "stacks_from_ms",
        type=float,
        metavar="MS",
        help="Sample call stacks of files that take this long [default: 500].",
    ),
)


def measuring_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add all of them to a command, in this order in its help."""
    return _added(function, (*_PARSING, *_PROJECT, *_LOOKING))


def parsing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add those that say how each parse is done, for commands that decide by themselves how many there are."""
    return _added(function, (*_PARSING, *_PROJECT))


def project_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add those that say which parts of the project's environment are used."""
    return _added(function, _PROJECT)


def _added(function: Callable[..., Any], options: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    for option in reversed(options):
        function = option(function)
    return function
