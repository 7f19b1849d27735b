"""``dagprof gate``: did this change make parsing slower?"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagprof.cli import INTERRUPTED, discard_output, output
from dagprof.cli.options import parsing_options
from dagprof.config import settings as settings_module
from dagprof.config.policy import Level, Rule
from dagprof.errors import MeasurementError, UsageError
from dagprof.report.formats import VERDICTS, VerdictReport

if TYPE_CHECKING:
    from dagprof.usecases.gate import Gated

# The files for both sides' Runs. A comparison with a stored base writes only the head's Run.
_BASE, _HEAD = "gate-base.json", "gate-head.json"
_RULES = ", ".join(rule.value for rule in Rule)
_FORMATS = " or ".join(", ".join(VERDICTS).rsplit(", ", 1))


@click.command("gate", short_help="Fail when a change makes parsing slower.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--against",
    metavar="REVISION",
    help=(
        "Compare the working tree with its merge base with this branch, tag or commit. "
        "Parses alternate between both versions."
    ),
)
@click.option(
    "--baseline",
    metavar="FILE",
    help="Compare with a run that `dagprof scan --save-baseline` saved.",
)
@click.option(
    "--against-python",
    metavar="PATH",
    help=(
        "Measure the other version with the interpreter at PATH and its Airflow. Measures all"
        " files."
    ),
)
@click.option(
    "--all-files",
    is_flag=True,
    help="Measure all files, not only files that the change can affect.",
)
@click.option(
    "--relative",
    metavar="SHARE",
    help="Ignore changes smaller than SHARE of the parse time [default: 5%].",
)
@click.option(
    "--absolute", metavar="DURATION", help="Ignore changes smaller than DURATION [default: 10ms]."
)
@click.option(
    "--budget", metavar="DURATION", help="Fail files that take longer than DURATION to parse."
)
@click.option(
    "--forbid",
    multiple=True,
    metavar="PACKAGE",
    help="Fail files whose parse loads PACKAGE; may be repeated.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="PACKAGE",
    help="Allow DAG code to import PACKAGE while parsing, and fail all packages that are not"
    " allowed; may be repeated.",
)
@click.option(
    "--time-budget",
    metavar="DURATION",
    help=(
        "Stop the timed parses after DURATION [default: 120s]. Files without a clear result by then"
        " are inconclusive."
    ),
)
@click.option(
    "--sample",
    type=int,
    metavar="N",
    help=(
        "Measure at most N files if the change affects the environment, such as requirements or"
        " airflow.cfg [default: 40]."
    ),
)
@click.option(
    "--false-alarms",
    metavar="SHARE",
    help=(
        "Highest accepted probability of a false regression in a run without changes [default: 1%]."
    ),
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="RULE",
    help=f"Exit with code 1 on findings of RULE; may be repeated. Rules: {_RULES}.",
)
@click.option(
    "--warn-on",
    multiple=True,
    metavar="RULE",
    help="Report findings of RULE without failing; may be repeated.",
)
@click.option("--ignore", multiple=True, metavar="RULE", help="Turn RULE off; may be repeated.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME[=FILE]",
    help=f"Also write {_FORMATS}, to FILE or standard output; may be repeated.",
)
@click.option(
    "--output-dir",
    "-o",
    metavar="DIR",
    help="Folder for gate.json and both runs [default: reports].",
)
@parsing_options
@click.option("--quiet", "-q", is_flag=True, help="Print only errors and what --format prints.")
def command(  # noqa: PLR0913 - one for each option that is no setting of its own
    paths: tuple[str, ...],
    against: str | None,
    baseline: str | None,
    against_python: str | None,
    all_files: bool,
    fail_on: tuple[str, ...],
    warn_on: tuple[str, ...],
    ignore: tuple[str, ...],
    formats: tuple[str, ...],
    quiet: bool,
    **options: object,
) -> int:
    """Compare the DAG files below PATH with another version, and fail if parsing became slower.

    With --against, parse only the files that the change can affect. Alternate between both versions
    until the result is clear or the time budget runs out. With --baseline, measure all files and
    compare them with a stored run. To see the limits in force, run `dagprof config`.

    Exit codes: 0 passed or inconclusive, 1 failed, 2 usage or configuration, 3 could not measure,
    130 interrupted.
    """
    from dagprof.usecases.gate import Baseline, gate, requested

    options |= {
        "against": against,
        "baseline": baseline,
        "gate": _gate_table(options, _rules(ignore, warn_on, fail_on)),
    }
    settings = settings_module.load(options, environment=os.environ, start=Path.cwd())
    request = requested(
        paths,
        settings,
        os.environ,
        revision=against,
        baseline=baseline,
        python=against_python,
        all_files=all_files,
    )
    writings = _writings(formats)
    folder = Path(settings.output_dir)
    output.check_writable(folder)
    try:
        with output.progress(is_quiet=quiet) as shown:
            gated = gate(request, shown)
        if isinstance(request.versus, Baseline):
            _remove_old_base(folder / _BASE, request.versus.file)
    except KeyboardInterrupt:
        click.echo("Interrupted; the gate reached no decision.", err=True)
        return INTERRUPTED
    return _tell(gated, folder, writings, is_quiet=quiet, with_source=settings.source == "all")


def _gate_table(options: dict[str, object], rules: Mapping[str, str]) -> dict[str, object]:
    """The gate's own options, removed from the given options, in the form of the configuration
    file.
    """
    names = ("relative", "absolute", "budget", "time_budget", "sample", "false_alarms")
    table = {name: options.pop(name) for name in names}
    lists = {name: options.pop(name) or None for name in ("forbid", "allow")}
    return {**table, **lists, "rules": rules or None}


def _rules(ignore: Sequence[str], warn_on: Sequence[str], fail_on: Sequence[str]) -> dict[str, str]:
    """The levels of rules. If a rule is named twice, the stricter level counts."""
    found: dict[str, str] = {}
    for option, names, level in (
        ("--ignore", ignore, Level.OFF),
        ("--warn-on", warn_on, Level.WARNING),
        ("--fail-on", fail_on, Level.ERROR),
    ):
        for name in names:
            if name not in [rule.value for rule in Rule]:
                raise UsageError(f"Unknown rule {name!r} in {option}. Choose from {_RULES}.")
            found[name] = level.value
    return found


def _writings(formats: Sequence[str]) -> list[tuple[str, Path | None]]:
    """Each pair of format and file once; the file is None for standard output."""
    found: list[tuple[str, Path | None]] = []
    for text in formats:
        name, _, file = text.partition("=")
        if name not in VERDICTS:
            raise UsageError(f"Unknown format {name!r}. Choose from {', '.join(VERDICTS)}.")
        found.append((name, Path(file) if file else None))
        if file:
            output.check_writable(
                Path(file).absolute().parent, f"give --format {name} another file"
            )
    unique = list(dict.fromkeys(found))
    places = [file and file.absolute() for _, file in unique]
    for format_name, target in unique:
        if places.count(target and target.absolute()) > 1:
            where = "Standard output" if target is None else repr(str(target))
            raise UsageError(f"{where} takes only one format. Write {format_name} to another file.")
        if target is not None and (target.suffix == ".py" or os.path.isdir(target)):
            raise UsageError(
                f"Cannot write a report to {str(target)!r}. Give --format {format_name} another"
                " file."
            )
    return unique


def _remove_old_base(file: Path, baseline: str) -> None:
    """Remove the base of an earlier comparison, because it would not belong to the new head. Keep
    it if this run used it.
    """
    if file.exists() and not file.samefile(baseline):
        file.unlink()


def _tell(
    gated: Gated,
    folder: Path,
    writings: Sequence[tuple[str, Path | None]],
    *,
    is_quiet: bool,
    with_source: bool,
) -> int:
    """Write the requested reports, print the summary, and return the exit code."""
    _save(gated, folder)
    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    wanted: list[tuple[str, Path | None]] = [("json", folder / "gate.json"), *writings]
    if on_github and "github" not in dict(writings):
        wanted.append(("github", None))
    _write(gated, wanted, with_source=with_source)
    if on_github:
        _add_to_step_summary(gated)
    try:
        texts = {
            name: _written(name, gated, with_source=with_source)
            for name, file in wanted
            if file is None
        }
        _print(gated, texts, is_quiet=is_quiet)
        sys.stdout.flush()
    # click and rich raise these when the reader is gone; the exit code still gives the result.
    except (BrokenPipeError, SystemExit):
        discard_output()
    if output.says_nothing_measured(gated.head, gated.base if gated.has_failed else None):
        return MeasurementError.exit_code
    return 1 if gated.has_failed else 0


def _save(gated: Gated, folder: Path) -> None:
    from dagprof.store import runs

    if gated.measured_base is not None:
        runs.save(gated.measured_base, folder / _BASE)
    runs.save(gated.measured_head, folder / _HEAD)


def _write(gated: Gated, wanted: Sequence[tuple[str, Path | None]], *, with_source: bool) -> None:
    from dagprof.store import runs

    for name, file in wanted:
        if file is not None:
            runs.write_atomically(
                file, _written(name, gated, with_source=with_source).encode("utf-8")
            )


def _add_to_step_summary(gated: Gated) -> None:
    """Write the page that GitHub Actions shows for the step."""
    from dagprof.report import verdict as reports

    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as stream:
            stream.write(reports.write("markdown", gated.verdict))


def _written(name: str, gated: Gated, *, with_source: bool) -> str:
    """The verdict in one format."""
    return VERDICTS[name].text(
        VerdictReport(gated.verdict, gated.base, gated.head, with_source=with_source)
    )


def _print(gated: Gated, texts: Mapping[str, str], *, is_quiet: bool) -> None:
    """Print the requested formats, then the summary for people. If a program reads standard output,
    the summary goes to standard error.
    """
    from dagprof.report.verdict import terminal

    for text in texts.values():
        click.echo(text, nl=False)
    if not is_quiet:
        goes_aside = any(name != "github" for name in texts)
        terminal.render(
            gated.verdict,
            console=output.stderr_console() if goes_aside else output.stdout_console(),
        )
