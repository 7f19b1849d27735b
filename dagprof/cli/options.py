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
            "DAG folder that contains the measured files. Python resolves the imports of DAG files"
            " from the DAG folder."
        ),
    ),
    click.option(
        "--python",
        metavar="PATH",
        help=(
            "Measure with the Python interpreter or virtual environment at PATH, in which Airflow"
            " must be installed."
        ),
    ),
    click.option(
        "--temperature",
        type=click.Choice(["processor", "warm", "cold"]),
        help=(
            "Which modules are already imported when a parse begins. processor (default): the"
            " modules that Airflow's DAG processor imports. warm: Airflow and the modules that run"
            " tasks. cold: no modules."
        ),
    ),
    click.option(
        "--isolation",
        type=click.Choice(["layers", "strict", "spawn"]),
        help=(
            "How to separate parses from each other. layers (default): import a package only once"
            " if many DAG files use the package, and add the import time to each of these files."
            " With fewer than ten files, `layers` also imports all packages again in each parse."
            " strict: import all packages again in each parse. A strict scan takes much longer."
            " spawn: run each parse in a new Python interpreter."
        ),
    ),
    click.option(
        "--jobs",
        "-j",
        type=int,
        metavar="N",
        help="Number of parallel parses [default: half the CPU cores, at least 2].",
    ),
    click.option(
        "--time-limit",
        "time_limit_s",
        type=float,
        metavar="SECONDS",
        help=(
            "Time limit for one parse, in seconds [default: Airflow's dag_file_processor_timeout]."
        ),
    ),
    click.option(
        "--memory-limit",
        "memory_limit_mib",
        type=int,
        metavar="MIB",
        help=(
            "Memory limit in MiB for one parse and the processes that the parse starts [default:"
            " no limit]."
        ),
    ),
    click.option(
        "--variables",
        metavar="FILE",
        help=(
            "Read the values of Airflow Variables from FILE, a JSON or YAML file. `airflow"
            " variables export` and --write-variables write such files."
        ),
    ),
    click.option(
        "--connections",
        metavar="FILE",
        help=(
            "Read Airflow Connections from FILE, a JSON or YAML file. `airflow connections export`"
            " and --write-variables write such files."
        ),
    ),
    click.option(
        "--missing-variables",
        type=click.Choice(["stub", "error"]),
        help=(
            "What happens when a DAG file looks up a Variable or Connection that has no value."
            " stub (default): the lookup returns a placeholder. error: the lookup raises Airflow's"
            " error."
        ),
    ),
    click.option(
        "--safe-mode/--no-safe-mode",
        default=None,
        help=(
            "Turn Airflow's safe mode on or off [default: as in Airflow's configuration]. In safe"
            " mode, Airflow parses only files that contain the words 'airflow' and 'dag'. Airflow 3"
            " also parses files that contain the words 'airflow' and 'asset'."
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
        help="Add DIR to the start of PYTHONPATH. Repeat this option to add several folders.",
    ),
    click.option(
        "--env-file",
        metavar="FILE",
        help="Read environment variables from FILE instead of the project's .env file.",
    ),
    click.option(
        "--airflow-home",
        metavar="DIR",
        help="Folder to use as AIRFLOW_HOME [default: the environment variable AIRFLOW_HOME].",
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
            "Time N parses of each file. By default, dagprof times 2 to 5 parses of a file, until"
            " the median is stable. If a parse takes more than 5 s, dagprof times the file only"
            " once."
        ),
    ),
    click.option(
        "--depth",
        type=click.Choice(["quick", "traced", "normal", "full"]),
        help=(
            "How much to measure. `quick` times only the parses. `traced` also times each import"
            " and each statement of every file. `normal`, the default of `scan`, also tests the"
            " changes that would save the most time. In a scan of more than 20 files, `normal`"
            " times imports and statements only in files whose code takes 20 ms or more. `full`,"
            " the default of `explain`, times the imports and statements of every file, and tests"
            " every change that saves time."
        ),
    ),
    click.option(
        "--time-budget",
        metavar="DURATION",
        help=(
            "Stop measuring after DURATION, such as 60s, and report the results so far. The"
            " summary shows how many files dagprof skipped."
        ),
    ),
    click.option(
        "--live-lookups/--no-live-lookups",
        default=None,
        help=(
            "Measure how long lookups take in your own secrets backends [default: off]. dagprof"
            " looks up each Variable and Connection of the DAG files once, and discards the"
            " values."
        ),
    ),
    click.option(
        "--lookup-latency",
        multiple=True,
        callback=lambda context, option, value: value or None,
        metavar="[NAME=]DURATION",
        help=(
            "Assume that each lookup of a Variable or Connection takes DURATION, such as 20ms."
            " By default, dagprof measures how long lookups in Airflow's own database take. To"
            " set the time of only Variable lookups or only Connection lookups, use variable=5ms"
            " or connection=8ms. To assume a secrets backend that Airflow queries before the"
            " database, too, choose a NAME for the backend, such as vault=80ms. Repeat this"
            " option to give several durations."
        ),
    ),
    click.option(
        "--lookup-price",
        metavar="PRICE",
        help=(
            "Price of 10,000 lookups in your secrets backend, such as '0.05 USD'. With a price, the"
            " summary shows the cost of one day of lookups."
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


from_airflow_option = click.option(
    "--from-airflow",
    metavar="URL|DB",
    help=(
        "Compare the parse times with the parse times of a deployment. URL: the address of an"
        " Airflow 3 web server. For this server, set the environment variable DAGPROF_AIRFLOW_TOKEN"
        " to a token. DB: the SQLAlchemy URL of a metadata database, or the path of an SQLite file."
        " To read URL or DB from the environment variable NAME, give env:NAME. dagprof does not"
        " change the deployment."
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
