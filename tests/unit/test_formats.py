"""The registry of output formats: each row writes text, and the commands offer what it holds."""

from __future__ import annotations

import click
import pytest

from dagprof.analyse.comparison import compare
from dagprof.analyse.fleet import Fleet
from dagprof.cli.commands.gate import command as gate
from dagprof.cli.commands.report import command as report
from dagprof.gate.verdict import Decision, Verdict
from dagprof.report.formats import RUNS, VERDICTS, RunReport, VerdictReport
from unit.builders import file, run

BEFORE, AFTER = run(file("a.py", 100)), run(file("a.py", 900))
VERDICT = Verdict(
    decision=Decision.PASSED, reason="nothing became slower", base="main", head="this"
)


def help_of(command: click.Command) -> str:
    return " ".join(command.get_help(click.Context(command)).split())


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("is_compared", [False, True])
def test_each_format_of_a_run_writes_it_with_and_without_a_comparison(
    name: str, is_compared: bool
) -> None:
    compared = compare(BEFORE, AFTER) if is_compared else None
    text = RUNS[name].text(
        RunReport(AFTER, Fleet(AFTER), compared, BEFORE if is_compared else None)
    )
    assert text.endswith(("\n", "</html>"))
    assert "1 file with 1 DAG" in text
    assert (
        "Comparison with the baseline" in text
    ) is is_compared or name == "html"  # which draws it in the browser


@pytest.mark.parametrize("name", VERDICTS)
def test_each_format_of_a_verdict_writes_it(name: str) -> None:
    text = VERDICTS[name].text(VerdictReport(VERDICT, BEFORE, AFTER))
    assert text
    assert text == VERDICTS[name].text(VerdictReport(VERDICT, BEFORE, AFTER))


def test_a_format_that_needs_runs_says_so_where_they_are_missing() -> None:
    assert [name for name, each in VERDICTS.items() if each.needs_runs] == ["html"]
    with pytest.raises(ValueError, match="needs the Runs of both versions"):
        VERDICTS["html"].text(VerdictReport(VERDICT))


def test_commands_offer_every_format() -> None:
    shown = help_of(gate)
    assert f"Formats: {', '.join(VERDICTS)}." in shown
    assert all(name in shown for name in VERDICTS)
    assert "[html|markdown]" in help_of(report)


def test_file_names_end_as_formats_say() -> None:
    suffixes = [
        *(each.suffix for each in RUNS.values()),
        *(each.suffix for each in VERDICTS.values()),
    ]
    assert all(suffix.startswith(".") for suffix in suffixes)
