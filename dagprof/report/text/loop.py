"""Terminal output: the forecast of the parse loop."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from dagprof.analyse.loop import Outlook
from dagprof.report import parse_loop
from dagprof.report.escape import safe_text
from dagprof.report.parse_loop import seconds
from dagprof.report.text.screen import columns, titled, within_encoding

_SHOWN = 10


def render(found: Outlook, *, console: Console) -> None:
    """Print the forecast: the figures now and after the plan, the settings, what would be enough,
    files close to a timeout, and files without DAGs.
    """
    with within_encoding(console):
        console.print(Text(parse_loop.headline(found), style="bold"))
        _figures(found, console)
        console.print()
        console.print(Text("Sufficient settings", style="bold"))
        for line in parse_loop.sufficient(found):
            console.print(Text(f"  {line}"))
        _close(found, console)
        _without_dags(found, console)
        _settings(found, console)
        console.print()
        console.print(Text(parse_loop.assumption(found), style="dim"))


def _figures(found: Outlook, console: Console) -> None:
    has_plan = found.planned is not None
    table = columns(
        ("", "text"), ("now", "figure"), *([("after the plan", "figure")] if has_plan else [])
    )
    for row in parse_loop.rows(found):
        table.add_row(row.name, row.now, *([row.planned] if has_plan else []))
    titled("Parse loop", table, console)


def _close(found: Outlook, console: Console) -> None:
    if not found.close:
        return
    table = columns(("takes", "figure"), ("share", "text"), ("file", "place"))
    for each in found.close[:_SHOWN]:
        table.add_row(seconds(each.takes_s), parse_loop.near(each), Text(safe_text(each.path)))
    titled("Files close to a timeout", table, console)
    _more(len(found.close) - _SHOWN, console)


def _without_dags(found: Outlook, console: Console) -> None:
    if found.ignorable is None:
        return
    console.print()
    console.print(Text("Files without DAGs", style="bold"))
    console.print(Text(f"  {parse_loop.without_dags(found.ignorable)}"))
    lines = parse_loop.ignore_lines(found.run, found.ignorable.paths)
    for line in lines[:_SHOWN]:
        console.print(Text(f"    {safe_text(line, 1000)}"), soft_wrap=True)
    _more(len(lines) - _SHOWN, console)


def _more(number: int, console: Console) -> None:
    if number > 0:
        text = f"  The list omits {number:,} more. For the full list, use --format json."
        console.print(Text(text, style="dim"), soft_wrap=True)


def _settings(found: Outlook, console: Console) -> None:
    table = columns(("setting", "text"), ("value", "figure"), ("source", "text"))
    for name, value, source in parse_loop.settings(found):
        table.add_row(Text(name), Text(value), source)
    titled("Airflow's settings", table, console)
