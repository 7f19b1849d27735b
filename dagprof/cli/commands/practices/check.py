"""``dagprof check``: which practices do the DAG files break, and what does that cost?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagprof.cli import INTERRUPTED, output
from dagprof.cli.options import measuring_options
from dagprof.cli.writings import writings
from dagprof.config import settings as settings_module
from dagprof.errors import MeasurementError
from dagprof.report.practices import FORMATS

if TYPE_CHECKING:
    from dagprof.config.settings import Settings
    from dagprof.usecases.practices import CheckedRun

_FORMATS = ", ".join(FORMATS)


def _codes(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> object:
    """The codes of a repeatable option, whose values may hold several with commas."""
    found = tuple(
        part.strip().upper() for text in given for part in text.split(",") if part.strip()
    )
    return found or None


@click.command(
    "check", short_help=("Check the DAG files against rules, and show what each finding costs.")
)
@click.argument("path", metavar="PATH")
@click.option(
    "--select",
    multiple=True,
    callback=_codes,
    metavar="CODES",
    help=(
        "Apply only rules whose code starts with one of CODES, such as DP1 or DP104,DP7. This"
        " option is repeatable."
    ),
)
@click.option(
    "--ignore",
    multiple=True,
    callback=_codes,
    metavar="CODES",
    help="Do not apply rules whose code starts with one of CODES. This option is repeatable.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "hint", "never"]),
    help=("Exit with code 1 if a finding has this severity or a higher severity [default: error]."),
)
@click.option(
    "--baseline",
    metavar="FILE",
    help="Accept the findings in FILE, which --write-baseline wrote.",
)
@click.option(
    "--write-baseline",
    metavar="FILE",
    help="Write all findings to FILE. Later checks with --baseline FILE accept these findings.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME[=FILE]",
    help=(
        "Also write a report in the format NAME to FILE. Without =FILE, dagprof writes the report"
        f" to standard output. This option is repeatable. Formats: {_FORMATS}."
    ),
)
@click.option(
    "--save",
    metavar="FILE",
    help="Also save the scan to FILE, a run.json file, which `dagprof check` can read again.",
)
@click.option("--all", "shows_all", is_flag=True, help="Show all findings of each rule.")
@click.option("--quiet", "-q", is_flag=True, help="Print only errors and the requested reports.")
@measuring_options
def command(  # noqa: PLR0913 - one for each option that is no setting of its own
    path: str,
    select: tuple[str, ...] | None,
    ignore: tuple[str, ...] | None,
    fail_on: str | None,
    baseline: str | None,
    write_baseline: str | None,
    formats: tuple[str, ...],
    save: str | None,
    shows_all: bool,
    quiet: bool,
    **options: object,
) -> int:
    """Check the DAG files at PATH against the rules of `dagprof rules`.

    PATH is a DAG file, a DAG folder, or the run.json file of a scan. dagprof scans files and
    folders first. Each finding shows the place, the cost and the fix.

    Exit codes: 0 passed, 1 failed (see --fail-on), 2 invalid options or configuration, 3
    measurement impossible, 130 interrupted.
    """
    from dagprof.store import runs
    from dagprof.usecases import practices

    for file in filter(None, (save, write_baseline)):
        output.check_writable(Path(file).absolute().parent, "choose another file")
    options["check"] = {
        "select": select,
        "ignore": ignore,
        "fail_on": fail_on,
        "baseline": baseline,
    }
    settings = settings_module.load(options, environment=os.environ, start=Path.cwd())
    wanted = writings(formats, FORMATS)
    try:
        with output.progress(is_quiet=quiet) as shown:
            found = practices.check(path, settings, os.environ, shown)
    except KeyboardInterrupt:
        click.echo("Interrupted before the check was finished.", err=True)
        return INTERRUPTED
    if save:
        runs.save(found.run, Path(save))
    if write_baseline:
        practices.write_baseline(found.checked, Path(write_baseline))
        if not quiet:
            click.echo(f"Wrote the findings to {write_baseline}.", err=True)
    _write(found, wanted, is_quiet=quiet, shows_all=shows_all)
    return _code(found, settings, is_accepting=bool(write_baseline))


def _write(
    found: CheckedRun,
    wanted: Sequence[tuple[str, Path | None]],
    *,
    is_quiet: bool,
    shows_all: bool,
) -> None:
    """Write the reports. If a program reads standard output, the findings for people go to standard
    error.
    """
    from dagprof import __version__
    from dagprof.report import practices as reports
    from dagprof.report.practices import terminal
    from dagprof.store import runs

    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    if on_github and not any(name == "github" for name, _ in wanted):
        # A program may read standard output.
        click.echo(reports.write("github", found.checked, prefix=found.prefix), nl=False, err=True)
    goes_aside = False
    for name, file in wanted:
        text = reports.write(name, found.checked, prefix=found.prefix, version=__version__)
        if file is not None:
            runs.write_atomically(file, text.encode("utf-8"))
        else:
            goes_aside = goes_aside or name != "github"
            click.echo(text.encode("utf-8"), nl=False)
    if not is_quiet:
        console = output.stderr_console() if goes_aside else output.stdout_console()
        terminal.render(found.checked, console=console, shows_all=shows_all)


def _code(found: CheckedRun, settings: Settings, *, is_accepting: bool) -> int:
    if output.says_nothing_measured(found.run):
        return MeasurementError.exit_code
    from dagprof.usecases import practices

    return 1 if practices.fails(found.checked, settings) and not is_accepting else 0
