"""``dagprof watch``: measure DAG files while somebody edits them."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagprof.cli.options import parsing_options

if TYPE_CHECKING:
    from dagprof.saved.values import Event


@click.command("watch", short_help="Measure a DAG file again whenever it is saved.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    metavar="N",
    default=10,
    show_default=True,
    help="After a save, measure at most N files that use the saved file, the slowest first.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print each event as one line of JSON, for editors and other programs.",
)
@click.option("--quiet", "-q", is_flag=True, help="Do not show progress.")
@parsing_options
def command(
    paths: tuple[str, ...], most: int, as_json: bool, quiet: bool, **options: object
) -> int:
    """Watch the DAG files below PATH and the files that they use. After each save, measure the
    affected DAG files again. Show the parse time before and after the save, and the reason for the
    change.

    Airflow stays imported between the parses, so a result appears as soon as the file is parsed.
    Press Ctrl-C to stop.
    """
    from dagprof.cli import output
    from dagprof.config import settings as settings_module
    from dagprof.usecases.watch import WatchRequest, watch

    settings = settings_module.load(options, environment=os.environ, start=Path.cwd())
    request = WatchRequest(paths, settings, os.environ, most)
    threading.Thread(target=_load_reports, daemon=True).start()
    with contextlib.ExitStack() as stack:
        shown = stack.enter_context(output.progress(is_quiet=quiet or as_json))
        print_event = _print_json if as_json else _printing()

        def tell(event: Event) -> None:
            stack.close()  # the progress ends with the first result
            print_event(event)

        watch(request, tell, shown)


def _printing() -> Callable[[Event], None]:
    from dagprof.cli.output import stdout_console
    from dagprof.report.text import watch as text

    console = stdout_console()

    def print_event(event: Event) -> None:
        text.render(event, console=console, clock=time.strftime("%H:%M:%S"))
        console.file.flush()

    return print_event


def _print_json(event: Event) -> None:
    from dagprof.report.escape import json_without_commands
    from dagprof.saved.values import to_json

    sys.stdout.write(f"{json_without_commands(to_json(event))}\n")
    sys.stdout.flush()


def _load_reports() -> None:
    """Load what explains a change while Airflow is imported."""
    # A module that cannot be loaded here fails again when it is needed, and is reported then.
    with contextlib.suppress(ImportError, MemoryError, OSError):
        import networkx  # noqa: F401

        from dagprof.saved import differences  # noqa: F401
