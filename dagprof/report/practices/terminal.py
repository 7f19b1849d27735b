"""The findings in the terminal, in the form of a linter: one place and one message in each line."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.text import Text

from dagprof.config.checks import Severity
from dagprof.practices.checking import Checked
from dagprof.practices.registry import RULES
from dagprof.practices.rule import Finding
from dagprof.quantities import count
from dagprof.report.escape import safe_text
from dagprof.report.practices import words
from dagprof.report.text.screen import within_encoding

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.HINT: "cyan"}
_LONGEST = 600
# Of one rule and severity, so many findings are shown; all of them are in the other formats.
_SHOWN = 10


def render(checked: Checked, *, console: Console, shows_all: bool = False) -> None:
    """Print the findings by severity and rule, then the summary and the notes."""
    with within_encoding(console):
        for _, group in groupby(
            sorted(checked.open, key=lambda each: (each.severity.rank, each.code)),
            key=lambda each: (each.severity, each.code),
        ):
            _rule(list(group), console, shows_all=shows_all)
        console.print(Text(words.summary(checked), style="bold"), soft_wrap=True)
        for note in checked.notes:
            console.print(Text(f"Note: {safe_text(note, _LONGEST)}"), soft_wrap=True)


def _rule(findings: list[Finding], console: Console, *, shows_all: bool) -> None:
    first = findings[0]
    title = Text(f"{first.code} {first.name}", style="bold")
    console.print(title.append(f" ({first.severity.value})", style=_STYLES[first.severity]))
    shown = findings if shows_all else findings[:_SHOWN]
    for each in shown:
        place = safe_text(each.place, _LONGEST)
        text = f"{place}: {each.message}" if place else each.message
        console.print(Text(f"  {safe_text(text, _LONGEST)}"), soft_wrap=True)
        if each.cost != RULES[each.code].cost:
            cost = Text(f"    {safe_text(each.cost, _LONGEST)}", style="dim")
            console.print(cost, soft_wrap=True)
    if len(findings) > len(shown):
        more = count(len(findings) - len(shown), "more finding")
        console.print(Text(f"  … and {more}. To show all, use --all."), soft_wrap=True)
    if any(each.cost == RULES[each.code].cost for each in shown):
        console.print(Text(f"  {RULES[first.code].cost}", style="dim"), soft_wrap=True)
    for advice in dict.fromkeys(each.advice for each in shown):
        console.print(Text(f"  → {safe_text(advice, _LONGEST)}"), soft_wrap=True)
    console.print()
