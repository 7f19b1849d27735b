"""``dagprof deps``: the distributions that DAG files import, and files for Docker images."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagprof.cli.options import measuring_options

if TYPE_CHECKING:
    from dagprof.usecases.deps import Examined


@click.command("deps", short_help="List the distributions that the DAG files import.")
@click.argument("target", metavar="RUN|PATH")
@click.argument("dags", required=False, metavar="[DAGS]")
@click.option(
    "--requirements",
    "output",
    flag_value="requirements",
    help="Print a requirements file with the installed versions of these distributions.",
)
@click.option(
    "--dockerfile",
    "output",
    flag_value="dockerfile",
    help=(
        "Print a Dockerfile that installs these distributions in the official Airflow image. The"
        " build of the image also checks the DAG files."
    ),
)
@click.option(
    "--customise",
    "output",
    flag_value="customise",
    help=(
        "Print which extras and packages a customised image can leave out, how much space this"
        " saves, and the build arguments for Airflow's official Dockerfile."
    ),
)
@click.option(
    "--image",
    type=click.Choice(["regular", "slim"]),
    default="regular",
    show_default=True,
    help="Official Airflow image that the Dockerfile of --dockerfile extends.",
)
@click.option(
    "--cold-start/--no-cold-start",
    default=True,
    help=(
        "With --customise, also measure how long Airflow takes to start with all packages, and"
        " without the packages that the image can leave out. This measurement takes about 30 s"
        " [default: on]."
    ),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format. Only the JSON output lists every line that imports a package.",
)
@click.option("--quiet", "-q", is_flag=True, help="Do not show progress.")
@measuring_options
def command(
    target: str,
    dags: str | None,
    output: str | None,
    image: str,
    cold_start: bool,
    form: str,
    quiet: bool,
    **options: object,
) -> int:
    """List the distributions and providers that the DAG files import, during the parse and inside
    callables (code that only tasks and callbacks run). Each row shows the version, the import time,
    the size and the importing line. The command also shows which of these distributions are missing
    in the official image of this Airflow version, and which installed distributions no DAG file
    imports.

    RUN is a run.json file. Without a run file, dagprof first scans PATH, by default with --depth
    full. DAGS is the DAG folder. Give DAGS if the DAG folder has moved since the run.
    """
    from dagprof.cli import output as shown
    from dagprof.config import settings as settings_module
    from dagprof.usecases.deps import customised, examined, run_of

    options = {**options, "depth": options["depth"] or "full"}
    settings = settings_module.load(options, environment=os.environ, start=Path.cwd())
    image_of = None
    with shown.progress(is_quiet=quiet) as progress:
        run = run_of(target, settings, os.environ, progress)
        with examined(run, settings, os.environ, dags) as found:
            if output == "customise":
                image_of = customised(found, os.environ, progress, starts=cold_start)
    if image_of is None:
        _show(found, output, form, is_slim=image == "slim")
    else:
        from dagprof.report.image import customise

        _write(_json(image_of) if form == "json" else customise.render(image_of))
    return 0


def _show(found: Examined, output: str | None, form: str, *, is_slim: bool) -> None:
    from dagprof.cli.output import stdout_console
    from dagprof.report.image import dockerfile, requirements
    from dagprof.report.text import deps as text

    if output == "requirements":
        _write(requirements.render(found.dependencies))
    elif output == "dockerfile":
        _write(dockerfile.render(found.dependencies, is_slim=is_slim))
    elif form == "json":
        _write(_json(found.dependencies))
    else:
        text.render(found.dependencies, console=stdout_console())


def _json(value: object) -> str:
    import msgspec

    from dagprof.report.escape import json_without_commands
    from dagprof.surrogates import encoded

    text = msgspec.json.format(encoded(value), indent=2).decode("utf-8")
    return json_without_commands(text) + "\n"


def _write(text: str) -> None:
    sys.stdout.write(text)
