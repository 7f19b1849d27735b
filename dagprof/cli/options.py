"""The options of every command that measures. Their names are those of
``dagprof.config.settings.Settings``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

_PARSING = (
    click.option(
        "--bundle-root",
        metavar="DIR",
        help="DAG folder that contains the measured files. Imports resolve from this folder.",
    ),
    click.option(
        "--python",
        metavar="PATH",
        help="Measure with the interpreter or virtual environment at PATH and its Airflow.",
    ),
    click.option(
        "--temperature",
        type=click.Choice(["processor", "warm", "cold"]),
        help=(
            "Modules to import before each parse. processor (default): the modules that the DAG "
            "processor imports. warm: the modules of a worker that forks. cold: none."
        ),
    ),
    click.option(
        "--isolation",
        type=click.Choice(["fork", "spawn"]),
        help=(
            "fork (default): fork each parse from a process that has loaded Airflow. spawn: start a"
            " new interpreter."
        ),
    ),
    click.option(
        "--jobs",
        "-j",
        type=int,
        metavar="N",
        help="Number of parallel parses [default: half the cores, at least 2].",
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
        help="Limit on the memory of one parse and the processes it starts [default: none].",
    ),
    click.option(
        "--variables",
        metavar="FILE",
        help=(
            "Take the values of Variables from FILE: JSON or YAML, as written by `airflow variables"
            " export` or --write-variables."
        ),
    ),
    click.option("--connections", metavar="FILE", help="Take Connections from FILE."),
    click.option(
        "--missing-variables",
        type=click.Choice(["stub", "error"]),
        help=(
            "For unknown Variables and Connections, return a stub (default) or raise Airflow's"
            " error."
        ),
    ),
    click.option(
        "--safe-mode/--no-safe-mode",
        default=None,
        help=(
            "Skip files that do not contain both 'airflow' and 'dag', or parse them too [default:"
            " Airflow's configuration]."
        ),
    ),
)
_PROJECT = (
    click.option(
        "--plugins", metavar="DIR", help="Plugins folder [default: the project's plugins folder]."
    ),
    click.option(
        "--pythonpath",
        multiple=True,
        callback=lambda context, option, value: value or None,
        metavar="DIR",
        help=(
            "Put DIR on PYTHONPATH, before entries from the environment and the project; may be"
            " repeated."
        ),
    ),
    click.option(
        "--env-file",
        metavar="FILE",
        help="Read environment variables from FILE instead of the project's .env.",
    ),
    click.option(
        "--airflow-home", metavar="DIR", help="AIRFLOW_HOME [default: from the environment]."
    ),
    click.option(
        "--project/--no-project",
        default=None,
        help=(
            "Read the environment from the project's files: plugins, Dockerfile, Compose, .env"
            " [default: on]."
        ),
    ),
)
_LOOKING = (
    click.option(
        "--repeat",
        type=int,
        metavar="N",
        help="Timed parses per file [default: until the median is stable, 2 to 5].",
    ),
    click.option(
        "--depth",
        type=click.Choice(["quick", "traced", "normal", "full"]),
        help=(
            "How much to measure. quick: parse times only. traced: also trace every file. normal"
            " (default): trace files that load in 20 ms or more (in folders of up to 20 files, all)"
            " and verify the largest savings. full: trace every file and verify every saving."
        ),
    ),
    click.option(
        "--time-budget",
        metavar="DURATION",
        help=(
            "Stop starting new measurements after DURATION, such as 60s. The summary says what was"
            " skipped."
        ),
    ),
    click.option(
        "--stacks-from",
        "stacks_from_ms",
        type=float,
        metavar="MS",
        help="Sample call stacks of files that take at least MS milliseconds [default: 500].",
    ),
)


def measuring_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add all measuring options to a command; its help shows them in this order."""
    return _added(function, (*_PARSING, *_PROJECT, *_LOOKING))


def parsing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for a single parse, for commands that choose the number of parses
    themselves.
    """
    return _added(function, (*_PARSING, *_PROJECT))


def project_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select parts of the project's environment."""
    return _added(function, _PROJECT)


def _added(
    function: Callable[..., Any], options: Sequence[Callable[..., Any]]
) -> Callable[..., Any]:
    for option in reversed(options):
        function = option(function)
    return function
