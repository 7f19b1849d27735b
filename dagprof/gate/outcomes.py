"""What became of one file's parse time, in one sentence, with the line behind it."""

from __future__ import annotations

import math

from dagprof.gate import reasons
from dagprof.gate.parsed import Parsed
from dagprof.gate.precedents import Precedent, Precedents
from dagprof.gate.tied import Cause, Changed
from dagprof.gate.verdict import Timing
from dagprof.judge.comparable import is_comparable
from dagprof.judge.judgement import Judgement, Kind, Outcome
from dagprof.model import FileResult, Status

# From here on a new file's longest statement is named, where so much of the parse goes into it.
_LONG_MS, _MOST = 100.0, 0.3


def outcome(
    path: str,
    old: FileResult | None,
    new: FileResult,
    judged: Judgement | None,
    parsed: tuple[Parsed | None, Parsed],
    changed: Changed,
    least_ms: float,
) -> tuple[Outcome, str, Cause | None]:
    """What became of a file, in one sentence, with the line behind it."""
    if new.status is Status.NEEDS_ANSWER:
        if old is None:
            return Outcome.NEW, f"{path} is new: {new.what_it_needs}", None
        return Outcome.CANNOT_TELL, f"{path} cannot be compared: {new.what_it_needs}", None
    if old is None:
        return Outcome.NEW, _introduced(path, new), None
    if judged is None or not _tells(judged, old, new):
        if old.status.is_failure and new.status.is_failure:
            return Outcome.UNCHANGED, f"{path} {new.missing()} on either side ({new.status.value})", None
        if new.has_lost_dags(old):
            text = f"{path} {new.missing(old)} ({new.status.value} now, {old.status.value} before)"
            return Outcome.CANNOT_TELL, text, None
        if old.status is new.status and not old.status.is_failure:
            return Outcome.CANNOT_TELL, f"{path} was not compared: the time budget was spent", None
        return (
            Outcome.CANNOT_TELL,
            f"{path} has no times to compare ({old.status.value} before, {new.status.value} now){_failed_before(old)}",
            None,
        )
    outcome = judged.outcome
    base, head = parsed
    amount = _amount(judged)
    if outcome in (Outcome.REGRESSION, Outcome.IMPROVEMENT) and base is not None:
        sides = (base, head) if outcome is Outcome.REGRESSION else (head, base)
        cause = reasons.cause(*sides, abs(judged.change_ms), changed if outcome is Outcome.REGRESSION else Changed())
        if outcome is Outcome.REGRESSION:
            because = f", because {cause.text}" if cause is not None else "; no single line stands out"
            return outcome, f"{path} {amount}{because}", cause
        return outcome, f"{path} {amount}{_gone(cause)}", None
    if outcome is Outcome.CANNOT_TELL:
        if judged.why and not math.isfinite(judged.low_ms):
            return outcome, f"{path}: inconclusive; {judged.why}", None
        seems_slower = base is not None and judged.change_ms > least_ms
        cause = reasons.cause(base, head, judged.change_ms, changed) if base is not None and seems_slower else None
        span = (
            f"between {_signed(judged.low_ms)} and {_signed(judged.high_ms)} ms"
            if math.isfinite(judged.low_ms)
            else "unknown"
        )
        perhaps = f"; {cause.text}" if cause is not None else ""
        is_faster = judged.is_not_slower(least_ms)
        tell = "not slower, perhaps faster" if is_faster else "inconclusive"
        return outcome, f"{path}: {tell}; the change is {span} after {judged.pairs} pairs of parses{perhaps}", cause
    return outcome, f"{path} {amount}, within the limits", None


def untimed(path: str, old: FileResult | None, new: FileResult) -> tuple[Outcome, str, Cause | None]:
    """The same where nobody asks for times."""
    outcome = Outcome.NEW if old is None else Outcome.UNCHANGED
    return outcome, f"{path}: {new.what_it_needs}" if new.unanswered else f"{path} was not timed", None


def _tells(judged: Judgement, old: FileResult, new: FileResult) -> bool:
    """Whether the times mean something: both parses got equally far, or one fails later than the other ended."""
    return is_comparable(old, new) or judged.kind is Kind.SLOWER


def _failed_before(old: FileResult) -> str:
    """Why the base gave no DAGs: perhaps it lacks what git does not keep, such as generated files."""
    if not old.failures:
        return ""
    failure = old.failures[0]
    return f"; the base failed with {failure.type}: {failure.message}" if failure.type else ""


def _gone(cause: Cause | None) -> str:
    """For an improvement the cause is what the old version did."""
    return f"; before, {cause.past}" if cause is not None else ""


def _introduced(path: str, new: FileResult) -> str:
    """A new file's time, with the statement that most of it goes into, if one stands out."""
    if not new.is_timed:
        return f"{path} is new and gives no DAGs ({new.status.value})"
    text = f"{path} is new and takes {new.own_ms:,.0f} ms"
    if new.trace is None or not new.trace.statements or new.own_ms < _LONG_MS:
        return text
    longest = max(new.trace.statements, key=lambda statement: (statement.parent < 0, statement.wall_us))
    share = longest.wall_us / 1000 / max(new.trace.wall_ms, 1.0)
    return f"{text}, {share:.0%} of it in line {longest.line} (`{longest.text}`)" if share >= _MOST else text


def paid_already(head: Parsed, precedents: Precedents, outcome: Outcome) -> tuple[str, ...]:
    """What of a new file's time goes into imports that other DAG files pay for too, where that is much of it."""
    if outcome is not Outcome.NEW or not head.file.is_timed or head.file.own_ms < _LONG_MS:
        return ()
    found: dict[Precedent, float] = {}
    for name, position in head.loaded.items():
        precedent = precedents.of_module(head.file.path, name, head.blamed(position))
        if precedent is not None:
            found[precedent] = found.get(precedent, 0.0) + head.module_ms(position)
    most = max(found, key=found.__getitem__, default=None)
    if most is None or found[most] < _MOST * head.file.own_ms:
        return ()
    return (f"{head.file.path} spends {found[most]:,.0f} ms of its parse on imports, {most}",)


def _amount(judged: Judgement) -> str:
    share = f" ({_signed(100 * judged.change_ms / judged.base_ms)} %)" if judged.base_ms else ""
    return f"{_signed(judged.change_ms)} ms{share}"


def _signed(number: float) -> str:
    return f"{number:+,.0f}".replace("-", "−")  # the minus sign that all tables have


def timing(judged: Judgement | None, old: FileResult | None, new: FileResult) -> Timing | None:
    if judged is None or old is None or not _tells(judged, old, new) or not math.isfinite(judged.low_ms):
        return None
    return Timing(
        base_ms=round(judged.base_ms, 3),
        head_ms=round(judged.head_ms, 3),
        change_ms=round(judged.change_ms, 3),
        low_ms=round(judged.low_ms, 3),
        high_ms=round(judged.high_ms, 3),
        pairs=judged.pairs,
        base_samples_ms=tuple(round(ms, 3) for ms in old.samples.own_ms),
        head_samples_ms=tuple(round(ms, 3) for ms in new.samples.own_ms),
    )
