"""The first lines of a summary: up to five sentences that the user can act on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from dagprof.analyse.causes import as_sentence, causes
from dagprof.analyse.fleet import Plan
from dagprof.analyse.others import Others
from dagprof.analyse.others.lookups import lookups
from dagprof.model import Run
from dagprof.quantities import count, duration
from dagprof.report import changes, figures, others
from dagprof.report.escape import safe_text
from dagprof.report.text import effects, failures

MOST = 5


class Sentence(NamedTuple):
    """One sentence of the answer, and its console style."""

    text: str
    style: str = ""


def sentences(run: Run, plan: Plan | None, found: Others, gate: Sentence | None) -> list[Sentence]:
    """The first sentences of a summary: the parse time of the files, the decision of the gate, and
    the first things to fix. ``MOST`` limits the number of sentences.
    """
    return list(islice(_sentences(run, plan, found, gate), MOST))


def _sentences(
    run: Run, plan: Plan | None, found: Others, gate: Sentence | None
) -> Iterator[Sentence]:
    """All sentences, the most important first. The function is lazy, because the last sentences are
    slow to compute and rarely shown.
    """
    yield Sentence(figures.headline(run), "bold")
    if gate is not None:
        yield gate
    if busy := figures.busy(run):
        yield Sentence(busy, "yellow")
    yield from _failures(run)
    if plan is not None:
        yield from _changes(run, plan, found)
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


# A change that saves less than this share of the parse loop is not worth a sentence of its own.
_WORTH_SHARE = 0.05


def _changes(run: Run, plan: Plan, found: Others) -> Iterator[Sentence]:
    """The best change of the plan and the best other change, the larger saving first."""
    told: list[tuple[float, str]] = []
    if plan.steps:
        step = plan.steps[0]
        saves = _saves(run, step.adds_ms, step.files, step.evidence)
        text = f"{changes.places(step)}. {saves} {safe_text(changes.instruction(step), 300)}"
        told.append((step.adds_ms, text))
    row = next((row for row in others.rows(run, found) if row.ms > 0), None)
    if row is not None and row.ms >= _WORTH_SHARE * plan.before_ms:
        more_ms = lookups(run).cost_ms if row.is_lookup else 0.0
        saves = _saves(run, row.ms, row.files, row.evidence, more_ms)
        told.append((row.ms, f"{row.where}. {saves} {safe_text(row.short or row.what, 400)}"))
    told.sort(key=lambda pair: -pair[0])
    for number, (_, text) in enumerate(told):
        yield Sentence(f"{'Next best' if number else 'Best'} change: {text}")


def _saves(run: Run, ms: float, files: int, evidence: str, more_ms: float = 0.0) -> str:
    """A sentence about the saving of a change. ``more_ms`` is the time that the parse loop takes in
    addition to the parse times.
    """
    # Savings exclude the wait for a CPU, which the headline of a busy machine contains.
    is_clear = bool(run.total_own_ms) and not run.was_busy
    loop = "the parse loop including lookups" if more_ms else "the parse loop"
    share = f", which is {ms / (run.total_own_ms + more_ms):.0%} of {loop}" if is_clear else ""
    return f"This change saves {duration(ms)} in {count(files, 'file')}{share} ({evidence})."


def _doing(run: Run) -> Iterator[Sentence]:
    # A parse that fails without a value uses the value, so its lookup cannot simply move.
    used = {effects.lookup(each.kind, each.key) for file in run.needy for each in file.unanswered}
    movable = (row for row in effects.doings(run) if not row.by_import and row.what not in used)
    own = next(movable, None)
    if own is not None:
        what, where = safe_text(own.what, 60), safe_text(str(own.place), 120)
        yield Sentence(
            f"Move this action into a task: {what} at {where}. This line runs in every parse of"
            f" {count(own.files, 'file')}."
        )
