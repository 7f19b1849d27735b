"""Terminal output: the plan of changes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagprof.analyse.fleet import Change, Plan
from dagprof.analyse.others import Others
from dagprof.model import Run
from dagprof.quantities import count, duration
from dagprof.report import changes, others, preloading
from dagprof.report.escape import safe_text

SHOWN = 3
# Share of all parse time. Needed imports below it appear only in `dagprof explain`.
NEEDED_SHARE = 0.05
SAVES = (
    "In each round over all files, the DAG processor saves the listed time. A task that does not"
    " use the moved code also starts faster."
)


def render(run: Run, plan: Plan, console: Console) -> None:
    """Print the best changes with savings, places and instructions. Print nothing if there are no
    changes.
    """
    if not plan.steps:
        return
    console.print()
    console.print(Text("Best changes", style="bold"))
    console.print(Text(f"  {changes.summary(run, plan, SHOWN)}."))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("saves", "with changes\nabove", "files"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("evidence", no_wrap=True)
    table.add_column("where", overflow="fold")
    table.add_column("what to do", overflow="fold")
    for step in plan.steps[:SHOWN]:
        table.add_row(
            duration(step.adds_ms),
            changes.with_above(plan, step),
            f"{step.files:,}",
            step.evidence,
            Text(changes.places(step)),
            Text(safe_text(changes.instruction(step), 600)),
        )
    console.print(table)
    if len(plan.steps) > SHOWN:
        console.print(
            Text(
                f"  The table omits {count(len(plan.steps) - SHOWN, 'more change')}. For the full"
                " list, see the report.",
                style="dim",
            )
        )
    console.print(
        Text(
            SAVES,
            style="dim",
        )
    )


def render_others(run: Run, found: Others, console: Console) -> None:
    """Print the changes that are not in the plan, and the reasons why a package must not be
    preloaded. Print nothing if there are none.
    """
    rows = others.rows(run, found)[:SHOWN]
    asked = others.about_lookups(run)
    if not rows and not asked:
        return
    console.print()
    console.print(Text("Other changes", style="bold"))
    if asked:
        console.print(Text(f"  {asked}"))
    if not rows:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("saves", justify="right", no_wrap=True)
    table.add_column("in", overflow="fold")
    table.add_column("evidence", no_wrap=True)
    table.add_column("where", overflow="fold")
    table.add_column("what to do", overflow="fold")
    for row in rows:
        table.add_row(row.saves, row.when, row.evidence, Text(row.where), Text(row.what))
    console.print(table)
    for row in rows:
        if row.lines:
            console.print(Text(f"Lines for {row.where}:", style="dim"))
            console.print(Text(row.lines.rstrip()), soft_wrap=True)
    for package in found.preload.unsafe if found.preload is not None else ():
        console.print(Text(f"  {preloading.unsafe(package)}", style="dim"), soft_wrap=True)


def render_needed(run: Run, found: Sequence[Change], console: Console) -> None:
    """Print the slowest imports that parsing needs, and the reason for each import. The plan
    contains none of these imports.
    """
    total_ms = sum(file.own_ms for file in run.files if file.is_timed)
    needed = [
        change for change in found if change.needed and change.saving_ms >= NEEDED_SHARE * total_ms
    ]
    if not needed:
        return
    console.print()
    console.print(
        Text(
            "Costly imports that parsing needs (figure: time saved if the import could be moved)",
            style="bold",
        )
    )
    for change in needed[:SHOWN]:
        text = (
            f"  {duration(change.saving_ms):>8}  {safe_text(str(change.place), 200)}  needed:"
            f" {safe_text(change.reason, 300)}"
        )
        console.print(Text(text))
