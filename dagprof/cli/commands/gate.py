"""``dagprof gate``: did this change make parsing slower?"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagprof.cli import INTERRUPTED, output
from dagprof.cli.options import parsing_options
from dagprof.cli.writings import writings
from dagprof.config import settings as settings_module
from dagprof.config.policy import Level, Rule
from dagprof.errors import MeasurementError, UsageError
from dagprof.report.formats import VERDICTS, VerdictReport

if TYPE_CHECKING:
    from dagprof.usecases.gate import Gated

# The files for both sides' Runs. A comparison with a stored base writes only the head's Run.
_BASE, _HEAD = "gate-base.json", "gate-head.json"
_RULES = ", ".join(rule.value for rule in Rule)
_FORMATS = ", ".join(VERDICTS)


@click.command("gate", short_help="Fail when a change makes parsing slower.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--against",
    metavar="REVISION",
    help=(
        "Compare the working tree with the base version, which is the merge base of HEAD and"
        " REVISION. REVISION is a branch, tag or commit. dagprof parses both versions alternately."
    ),
)
@click.option(
    "--baseline",
    metavar="FILE",
    help="Compare the DAG files with FILE, a run file from `dagprof scan --save-baseline`.",
)
@click.option(
    "--against-python",
    metavar="PATH",
    help=(
        "Measure the base version of --against with the Python interpreter at PATH and the Airflow"
        " installed there. A change of the interpreter can affect every DAG file, so the gate"
        " measures a sample of the files (see --sample)."
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
    help="Fail files whose parse loads PACKAGE. Repeat this option to forbid several packages.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="PACKAGE",
    help=(
        "Allow DAG code to import PACKAGE during the parse. With --allow, the gate fails files that"
        " import any other package. Airflow and the standard library are always allowed. Repeat"
        " this option to allow several packages."
    ),
)
@click.option(
    "--time-budget",
    metavar="DURATION",
    help=(
        "With --against, stop measuring after DURATION [default: 120s]. The gate reports files"
        " without a clear result as inconclusive."
    ),
)
@click.option(
    "--sample",
    type=int,
    metavar="N",
    help=(
        "If a changed helper or environment affects many DAG files, measure a sample of N files"
        " [default: 40]. The gate always measures changed DAG files."
    ),
)
@click.option(
    "--false-alarms",
    metavar="SHARE",
    help="Maximum probability that the gate reports a regression if nothing changed [default: 1%].",
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="RULE",
    help=f"Exit with code 1 if RULE reports a finding. This option is repeatable. Rules: {_RULES}.",
)
@click.option(
    "--warn-on",
    multiple=True,
    metavar="RULE",
    help="Report findings of RULE as warnings. This option is repeatable.",
)
@click.option(
    "--ignore", multiple=True, metavar="RULE", help="Turn off RULE. This option is repeatable."
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME[=FILE]",
    help=(
        "Also write a report in the format NAME to FILE. Without =FILE, dagprof writes the report"
        f" to standard output. Repeat this option to write several reports. Formats: {_FORMATS}."
    ),
)
@click.option(
    "--output-dir",
    "-o",
    metavar="DIR",
    help="Folder for gate.json and the measured runs [default: reports].",
)
@parsing_options
@click.option(
    "--quiet",
    "-q",
    is_flag=True,
    help="Print only errors and the reports requested with --format.",
)
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

    With --against, dagprof measures only files that the change can affect. dagprof parses both
    versions alternately until the result is clear or the time budget runs out. With --baseline,
    dagprof measures all files and compares the results with a stored run. To show the active
    limits, run `dagprof config`.

    Exit codes: 0 passed or inconclusive, 1 failed, 2 invalid options or configuration, 3
    measurement impossible, 130 interrupted.
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
    wanted = writings(formats, VERDICTS)
    folder = Path(settings.output_dir)
    output.check_writable(folder)
    try:
        with output.progress(is_quiet=quiet) as shown:
            gated = gate(request, shown)
        if isinstance(request.versus, Baseline):
            _remove_old_base(folder / _BASE, request.versus.file)
    except KeyboardInterrupt:
        click.echo("Interrupted before the gate reached a decision.", err=True)
        return INTERRUPTED
    return _tell(gated, folder, wanted, is_quiet=quiet, with_source=settings.source == "all")


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


def _remove_old_base(file: Path, baseline: str) -> None:
    """Remove the base of an earlier comparison, because it would not belong to the new head. Keep
    it if this run used it.
    """
    with contextlib.suppress(OSError):  # one of the files is missing or cannot be removed
        if not os.path.samefile(file, baseline):
            file.unlink()


def _tell(
    gated: Gated,
    folder: Path,
    given: Sequence[tuple[str, Path | None]],
    *,
    is_quiet: bool,
    with_source: bool,
) -> int:
    """Write the requested reports, print the summary, and return the exit code."""
    _save(gated, folder)
    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    wanted: list[tuple[str, Path | None]] = [("json", folder / "gate.json"), *given]
    if on_github and "github" not in dict(given):
        wanted.append(("github", None))
    _write(gated, wanted, with_source=with_source)
    if on_github:
        _add_to_step_summary(gated)
    texts = {
        name: _written(name, gated, with_source=with_source)
        for name, file in wanted
        if file is None
    }
    _print(gated, texts, is_quiet=is_quiet)
    base = gated.base if gated.has_failed else None
    if not gated.others_load and output.says_nothing_measured(gated.head, base):
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

    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return
    try:
        with Path(summary).open("a", encoding="utf-8") as stream:
            stream.write(reports.write("markdown", gated.verdict))
    except (OSError, ValueError) as error:
        # The verdict is still in the log, in gate.json and in the exit code.
        reason = getattr(error, "strerror", None) or error
        output.warn(
            f"Cannot add the verdict to the step summary {summary!r} ({reason}). Set"
            " GITHUB_STEP_SUMMARY to a writable file, or unset GITHUB_STEP_SUMMARY."
        )


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
        # UTF-8 as in a file, whatever encoding the terminal has.
        click.echo(text.encode("utf-8"), nl=False)
    if not is_quiet:
        goes_aside = any(name != "github" for name in texts)
        terminal.render(
            gated.verdict,
            console=output.stderr_console() if goes_aside else output.stdout_console(),
        )
