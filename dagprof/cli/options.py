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
        help=(
            "DAG folder that contains the measured files. Python resolves imports from the DAG"
            " folder."
        ),
    ),
    click.option(
        "--python",
        metavar="PATH",
        help=(
            "Measure with the Python interpreter or virtual environment at PATH. Airflow must be"
            " installed there."
        ),
    ),
    click.option(
        "--temperature",
        type=click.Choice(["processor", "warm", "cold"]),
        help=(
            "Modules to import before each parse. processor (default): the modules of the DAG"
            " processor. warm: Airflow and the modules that run tasks. cold: no modules."
        ),
    ),
    click.option(
        "--isolation",
        type=click.Choice(["layers", "strict", "spawn"]),
        help=(
            "layers (default): in folders of at least ten files, import each package that many DAG"
            " files need only once, and add its time to each file. strict: import it again in"
            " each parse, which takes much longer. spawn: run each parse in a new interpreter."
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
        help=(
            "Memory limit for one parse, including the processes that the parse starts [default:"
            " none]."
        ),
    ),
    click.option(
        "--variables",
        metavar="FILE",
        help=(
            "Read the values of Airflow Variables from FILE. FILE is JSON or YAML, as written by"
            " `airflow variables export` or --write-variables."
        ),
    ),
    click.option(
        "--connections",
        metavar="FILE",
        help=(
            "Read Airflow Connections from FILE. FILE is JSON or YAML, as written by `airflow"
            " connections export` or --write-variables."
        ),
    ),
    click.option(
        "--missing-variables",
        type=click.Choice(["stub", "error"]),
        help=(
            "stub (default): return a placeholder for Variables and Connections without a value."
            " error: raise Airflow's error."
        ),
    ),
    click.option(
        "--safe-mode/--no-safe-mode",
        default=None,
        help=(
            "Turn Airflow's safe mode on or off [default: Airflow's configuration]. Safe mode"
            " skips files that contain neither 'airflow' and 'dag' nor, since Airflow 3,"
            " 'airflow' and 'asset'."
        ),
    ),
)
_PROJECT = (
    click.option(
        "--plugins",
        metavar="DIR",
        help="Airflow plugins folder [default: the project's plugins folder].",
    ),
    click.option(
        "--pythonpath",
        multiple=True,
        callback=lambda context, option, value: value or None,
        metavar="DIR",
        help=("Add DIR to the start of PYTHONPATH; can be given several times."),
    ),
    click.option(
        "--env-file",
        metavar="FILE",
        help="Read environment variables from FILE instead of the project's .env file.",
    ),
    click.option(
        "--airflow-home",
        metavar="DIR",
        help="Folder to use as AIRFLOW_HOME [default: from the environment].",
    ),
    click.option(
        "--project/--no-project",
        default=None,
        help=(
            "Use the project's plugins folder, Dockerfile, Compose file and .env file [default:"
            " on]."
        ),
    ),
)
_LOOKING = (
    click.option(
        "--repeat",
        type=int,
        metavar="N",
        help=(
            "Number of timed parses per file [default: 2 to 5, until the median is stable; 1 if a"
            " parse takes more than 5 s]."
        ),
    ),
    click.option(
        "--depth",
        type=click.Choice(["quick", "traced", "normal", "full"]),
        help=(
            "How much to measure. quick: only parse times. normal (default): also the time of each"
            " import and statement, for up to 20 files or for files whose code takes 20 ms or"
            " more, and tests of the most promising changes. traced: the time of each import and"
            " statement for every file, without tests of changes. full: both for every file, and"
            " tests of every promising change."
        ),
    ),
    click.option(
        "--time-budget",
        metavar="DURATION",
        help=(
            "Stop measuring after DURATION, such as 60s, and report what was measured until then."
            " The summary lists what was skipped."
        ),
    ),
    click.option(
        "--live-lookups/--no-live-lookups",
        default=None,
        help=(
            "Ask your own secrets backends once for each Variable and Connection that the files"
            " look up, to measure how long lookups take [default: off]. dagprof discards the"
            " values."
        ),
    ),
    click.option(
        "--lookup-latency",
        multiple=True,
        callback=lambda context, option, value: value or None,
        metavar="[NAME=]DURATION",
        help=(
            "Assume that each lookup of a Variable or Connection takes this long, such as 20ms"
            " [default: measured with Airflow's own database]. To set the time for only one kind"
            " of lookup, use variable=5ms or connection=8ms. Any other NAME, such as vault=80ms,"
            " adds the time of a secrets backend that Airflow asks first. The option can be given"
            " several times."
        ),
    ),
    click.option(
        "--lookup-price",
        metavar="PRICE",
        help=(
            "Price of 10,000 lookups in your secrets backend, such as '0.05 USD'. The summary then"
            " shows the cost of one day of lookups."
        ),
    ),
    click.option(
        "--stacks-from",
        "stacks_from_ms",
        type=float,
        metavar="MS",
        help=(
            "Sample the call stacks of files that take MS milliseconds or more to parse [default:"
            " 500]."
        ),
    ),
)


output_dir_option = click.option(
    "--output-dir",
    "-o",
    metavar="DIR",
    help="Folder for run.json and report.html [default: reports].",
)
source_option = click.option(
    "--source",
    type=click.Choice(["all", "none"]),
    help=(
        "all (default): include the source code of the DAG files in the report. none: include no"
        " source code."
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
