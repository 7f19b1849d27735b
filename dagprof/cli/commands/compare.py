"""``dagprof compare``: two stored runs side by side."""

from __future__ import annotations

import click


@click.command("compare", short_help="Compare two stored runs.")
@click.argument("before")
@click.argument("after")
@click.option(
    "--floor",
    metavar="DURATION",
    default="50ms",
    show_default=True,
    help="Ignore changes smaller than DURATION. If DURATION is below 50ms, dagprof uses 50ms.",
)
@click.option(
    "--share",
    metavar="SHARE",
    default="25%",
    show_default=True,
    help=(
        "Ignore changes smaller than SHARE of the parse time. If SHARE is below 25%, dagprof uses"
        " 25%."
    ),
)
def command(before: str, after: str, floor: str, share: str) -> int:
    """Compare two run.json files, BEFORE and AFTER, file by file."""
    from dagprof.cli.output import stdout_console
    from dagprof.report.text import terminal
    from dagprof.store import runs
    from dagprof.usecases.compare import compare, limits_of

    limits = limits_of(share=share, floor=floor)
    compared = compare(runs.load(before), runs.load(after), limits)
    terminal.render_comparison(compared, console=stdout_console())
    return 0
