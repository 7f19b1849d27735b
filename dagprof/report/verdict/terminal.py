"""A verdict on a console: the decision, changes, findings, accepted findings and notes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from dagprof.config.policy import DESCRIPTIONS
from dagprof.gate.verdict import Decision, FileVerdict, Finding, Verdict
from dagprof.judge.judgement import Outcome
from dagprof.quantities import count
from dagprof.report.escape import safe_text
from dagprof.report.text.screen import columns, titled, within_encoding
from dagprof.report.verdict import words
from dagprof.report.verdict.places import shown

LIMIT = 20

_DECISION_STYLES = {
    Decision.PASSED: "bold green",
    Decision.FAILED: "bold red",
    Decision.CANNOT_TELL: "bold yellow",
}
_OUTCOME_STYLES = {
    Outcome.REGRESSION: "red",
    Outcome.IMPROVEMENT: "green",
    Outcome.CANNOT_TELL: "yellow",
}
_LONGEST = 400


def render(verdict: Verdict, *, console: Console) -> None:
    """Print the verdict. The output contains each fact once."""
    with within_encoding(console):
        console.print()
        console.print(
            Text(_safe(words.decision(verdict)), style=_DECISION_STYLES[verdict.decision])
        )
        console.print(Text(_safe(words.compared(verdict)), style="dim"))
        _changed(words.changed(verdict), console)
        _lines(
            Text("New files", style="bold"),
            [file.reason for file in words.new_files(verdict)],
            console,
        )
        _lines(
            Text("Gone", style="bold"), [file.path for file in verdict.of(Outcome.GONE)], console
        )
        for rule, level, findings in words.open_by_rule(verdict):
            title = Text(f"{rule.value} ({level.value})", style="bold")
            title.append(f"  {DESCRIPTIONS[rule]}", style="not bold dim")
            _lines(title, [_placed(finding, finding.message) for finding in findings], console)
        accepted = [f"{f.rule.value}: {_placed(f, text)}" for f, text in words.accepted(verdict)]
        _lines(Text("Accepted", style="bold"), accepted, console)
        _lines(Text("Already present", style="bold"), verdict.notes, console)
        _lines(Text("Notes", style="bold"), verdict.doubts, console)


def _changed(files: Sequence[FileVerdict], console: Console) -> None:
    if not files:
        return
    is_wide = console.width >= 100
    named = (
        ["median", "change", "interval", "pairs"] if is_wide else ["change", "interval", "pairs"]
    )
    table = columns(("", "bar"), *((name, "figure") for name in named), ("file", "place"))
    for file in files[:LIMIT]:
        figures = _figures(file)
        # Split the outcome into two lines to keep the column narrow. Each row already has two
        # lines, because of its reason.
        outcome = Text(words.title(file).replace(" (", "\n("), style=_OUTCOME_STYLES[file.outcome])
        table.add_row(outcome, *(figures[name] for name in named), _told(file))
    titled("Changed files", table, console)
    _more(len(files), console)


def _figures(file: FileVerdict) -> dict[str, str]:
    timing = file.timing
    if timing is None:
        return dict.fromkeys(("median", "change", "interval", "pairs"), "-")
    return {
        "median": words.medians(timing),
        "change": words.change(timing),
        "interval": words.interval(timing),
        "pairs": f"{timing.pairs:,}",
    }


def _told(file: FileVerdict) -> Text:
    text = Text(safe_text(file.path))
    return text.append(f"\n{_safe(words.why(file))}", style="dim") if file.reason else text


def _placed(finding: Finding, text: str) -> str:
    where = shown(finding)
    return f"{where}  {text}" if where else text


def _lines(title: Text, lines: Sequence[str], console: Console) -> None:
    if not lines:
        return
    console.print()
    console.print(title)
    for line in lines[:LIMIT]:
        console.print(Text(f"  {_safe(line)}"))
    _more(len(lines), console)


def _more(number: int, console: Console) -> None:
    if number > LIMIT:
        console.print(
            Text(
                f"  The list omits {count(number - LIMIT, 'more line')}. For the full list, see the"
                " JSON report.",
                style="dim",
            )
        )


def _safe(text: str) -> str:
    return safe_text(text, _LONGEST)
