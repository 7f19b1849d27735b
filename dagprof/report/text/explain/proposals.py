"""Proposals for faster parses: the experiments on the file, the resulting changes, and the steps of
the plan.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from dagprof.analyse.fleet import Change, Plan
from dagprof.quantities import duration
from dagprof.report import changes
from dagprof.report.escape import safe_text
from dagprof.report.text.explain.explanation import ROWS, Explanation, title


def experiments_section(explanation: Explanation, console: Console) -> None:
    """Print the result of each experiment on this file. Experiments without a measured saving share
    one line.
    """
    wanted = [
        experiment
        for experiment in explanation.file.experiments
        if any(explanation.is_asked(place) for place in experiment.without)
    ]
    if not wanted:
        return
    title(
        "Experiments (dagprof parsed the file again without these statements; the source file stays"
        " unchanged)",
        console,
    )
    untimed = [experiment for experiment in wanted if changes.is_untimed(experiment)]
    for experiment in (each for each in wanted if each not in untimed):
        console.print(Text(f"  {changes.trial(experiment)}"), soft_wrap=True)
        for text in experiment.cautions:
            console.print(
                Text(
                    f"    note: this statement also affects: {safe_text(text, 200)}",
                    style="yellow",
                ),
                soft_wrap=True,
            )
    if untimed:
        console.print(Text(f"  {changes.untimed(untimed)}"), soft_wrap=True)


def changes_section(explanation: Explanation, found: Sequence[Change], console: Console) -> None:
    """Print the changes that affect this file."""
    mine = [change for change in found if explanation.is_change_asked(change.place)]
    if not mine:
        return
    title("Changes (figure: time that this change alone saves in all files of the run)", console)
    for change in mine[:ROWS]:
        what = safe_text(change.reason, 300) if change.needed else changes.advice(change)
        line = (
            f"  {duration(change.saving_ms):>8}  {safe_text(str(change.place), 120)} "
            f" {change.evidence}: {what}"
        )
        console.print(Text(line), soft_wrap=True)
        way = changes.way(_as_here(explanation, change))
        if way:
            console.print(Text(f"            {way}", style="dim"), soft_wrap=True)


def _as_here(explanation: Explanation, change: Change) -> Change:
    """The change with the import chain of this file. Another file may reach the statement through a
    different import chain.
    """
    asked = explanation.view.asked_for(change.place) if explanation.view is not None else None
    return change if asked is None else change._replace(loads=asked.modules, chain=asked.chain)


def plan_section(explanation: Explanation, plan: Plan, console: Console) -> None:
    """Print the steps of the plan that affect this file. Print nothing if each step is a single
    change.
    """
    mine = [
        step
        for step in plan.steps
        if any(explanation.is_change_asked(change.place) for change in step.changes)
    ]
    if all(len(step.changes) == 1 for step in mine):
        return
    title(
        "Plan (figure: time that a step saves in all files of the run, in addition to the steps"
        " above it)",
        console,
    )
    for step in mine[:ROWS]:
        line = (
            f"  {duration(step.adds_ms):>8}  {changes.places(step)}  {step.evidence}:"
            f" {changes.instruction(step)}"
        )
        console.print(Text(line), soft_wrap=True)
