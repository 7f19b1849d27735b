"""The first lines of a summary: up to five sentences that the user can act on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from dagprof.analyse.causes import as_sentence, causes
from dagprof.analyse.fleet import Plan
from dagprof.model import Run
from dagprof.quantities import count
from dagprof.report import changes, figures
from dagprof.report.escape import safe_text
from dagprof.report.figures import duration
from dagprof.report.text import effects, failures

MOST = 5


class Sentence(NamedTuple):
    """One sentence of the answer, and its console style."""

    text: str
    style: str = ""


def sentences(run: Run, plan: Plan | None, gate: Sentence | None) -> list[Sentence]:
    """The first sentences of a summary: the parse time of the files, the decision of the gate, and
    the first things to fix. ``MOST`` limits the number of sentences.
    """
    return list(islice(_sentences(run, plan, gate), MOST))


def _sentences(run: Run, plan: Plan | None, gate: Sentence | None) -> Iterator[Sentence]:
    """All sentences, the most important first. The function is lazy, because the last sentences are
    slow to compute and rarely shown.
    """
    yield Sentence(figures.headline(run), "bold")
    if gate is not None:
        yield gate
    if busy := figures.busy(run):
        yield Sentence(busy, "yellow")
    yield from _failures(run)
    if plan is not None and plan.steps:
        yield _change(plan)
    yield from _doing(run)


def _failures(run: Run) -> Iterator[Sentence]:
    for failed in (run.broken, run.needy):
        if not failed:
            continue
        first = causes(run, failed)[0]
        is_one = len(first.files) == 1
        place = failures.where(first.files[0], run) if is_one else count(len(first.files), "file")
        reason = (
            figures.why_failed(first.files[0]) if is_one and failed is run.broken else first.reason
        )
        way_out = (
            f" {as_sentence(first.way_out)}"
            if first.way_out and first.way_out not in reason
            else ""
        )
        yield Sentence(safe_text(f"Fix first: {reason.rstrip('.')} ({place}).{way_out}", 300))


def _change(plan: Plan) -> Sentence:
    step = plan.steps[0]
    saves = f"saves {duration(step.adds_ms)} in {count(step.files, 'file')}"
    return Sentence(
        f"Best change: {changes.places(step)}, {saves}. {safe_text(changes.instruction(step), 300)}"
    )


def _doing(run: Run) -> Iterator[Sentence]:
    own = next((row for row in effects.doings(run) if not row.by_import), None)
    if own is not None:
        what, where = safe_text(own.what, 60), safe_text(str(own.place), 120)
        yield Sentence(
            f"Move into a task: {what} at {where}. Every parse of {count(own.files, 'file')} runs"
            " this line."
        )
