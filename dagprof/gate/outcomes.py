"""The outcome of one file's parse time: one sentence, and the line that causes the change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from dagprof.gate import reasons
from dagprof.gate.parsed import Parsed
from dagprof.gate.precedents import Precedent, Precedents
from dagprof.gate.tied import Cause, Changed
from dagprof.gate.verdict import Timing
from dagprof.judge.comparable import is_comparable
from dagprof.judge.judgement import Judgement, Kind, Outcome
from dagprof.model import FileResult, Status
from dagprof.quantities import count

# Name a new file's longest statement if the parse takes at least this time in ms and the statement
# at least this share of it.
_LONG_MS, _MOST = 100.0, 0.3


class Told(NamedTuple):
    """The outcome of a file, a one-sentence reason, and the cause of the change."""

    outcome: Outcome
    reason: str
    cause: Cause | None = None


def outcome(
    path: str,
    old: FileResult | None,
    new: FileResult,
    judged: Judgement | None,
    parsed: tuple[Parsed | None, Parsed],
    changed: Changed,
    least_ms: float,
) -> Told:
    """The outcome of a file in the new version. ``parsed`` holds the parses of both versions.
    ``least_ms`` is the smallest change that counts.
    """
    if old is None:
        is_waiting = new.status is Status.NEEDS_ANSWER
        return Told(
            Outcome.NEW,
            f"{path} is new: {new.what_it_needs}" if is_waiting else _introduced(path, new),
        )
    if new.status is Status.NEEDS_ANSWER:
        return Told(Outcome.CANNOT_TELL, f"{path} cannot be compared: {new.what_it_needs}")
    if judged is None or not _tells(judged, old, new):
        return _incomparable(path, old, new)
    base, head = parsed
    if judged.outcome is Outcome.CANNOT_TELL:
        return _inconclusive(path, judged, base, head, changed, least_ms)
    if base is None or judged.outcome is Outcome.UNCHANGED:
        return Told(judged.outcome, f"{path} changed by {_amount(judged)}, within the limits")
    if judged.outcome is Outcome.REGRESSION:
        cause = reasons.cause(base, head, abs(judged.change_ms), changed)
        because = (
            f", because {cause.text}"
            if cause is not None
            else ". No single line explains the change"
        )
        return Told(judged.outcome, f"{path} is {_size(judged)} slower{because}", cause)
    cause = reasons.cause(head, base, abs(judged.change_ms), Changed())
    return Told(judged.outcome, f"{path} is {_size(judged)} faster{_gone(cause)}")


def _incomparable(path: str, old: FileResult, new: FileResult) -> Told:
    """The outcome of a file whose times cannot be compared."""
    if old.status.is_failure and new.status.is_failure:
        return Told(
            Outcome.UNCHANGED,
            f"{path} {new.missing()} in either version (status: {new.status.value})",
        )
    if new.has_lost_dags(old):
        return Told(Outcome.CANNOT_TELL, f"{path} {new.missing(old)} {_statuses(old, new)}")
    if old.status is new.status and not old.status.is_failure:
        return Told(
            Outcome.CANNOT_TELL, f"{path} was not compared, because the time budget ran out"
        )
    return Told(
        Outcome.CANNOT_TELL,
        f"{path} has no comparable parse times {_statuses(old, new)}{_failed_before(old)}",
    )


def _statuses(old: FileResult, new: FileResult) -> str:
    return f"(status: {old.status.value} before, {new.status.value} now)"


def _inconclusive(
    path: str,
    judged: Judgement,
    base: Parsed | None,
    head: Parsed,
    changed: Changed,
    least_ms: float,
) -> Told:
    """The outcome of a file whose times allow no decision. If the file seems slower, the outcome
    names a possible cause.
    """
    if judged.why and not math.isfinite(judged.low_ms):
        return Told(Outcome.CANNOT_TELL, f"{path} is inconclusive, because {judged.why}")
    seems_slower = base is not None and judged.change_ms > least_ms
    cause = (
        reasons.cause(base, head, judged.change_ms, changed)
        if base is not None and seems_slower
        else None
    )
    span = "unknown"
    if math.isfinite(judged.low_ms):
        span = f"between {_signed(judged.low_ms)} and {_signed(judged.high_ms)} ms"
    perhaps = f". Possible cause: {cause.text}" if cause is not None else ""
    tell = "not slower, and may be faster" if judged.is_not_slower(least_ms) else "inconclusive"
    parses = f"{count(judged.pairs, 'parse')} of each version"
    text = f"{path} is {tell}. After {parses}, the measured change is {span}{perhaps}"
    return Told(Outcome.CANNOT_TELL, text, cause)


def untimed(path: str, old: FileResult | None, new: FileResult) -> Told:
    """The outcome of a file if the gate does not judge parse times."""
    outcome = Outcome.NEW if old is None else Outcome.UNCHANGED
    return Told(
        outcome, f"{path}: {new.what_it_needs}" if new.unanswered else f"{path} was not timed"
    )


def _tells(judged: Judgement, old: FileResult, new: FileResult) -> bool:
    """Whether the times of both versions can be compared. Both parses must reach the same point, or
    one parse fails later than the other parse ended.
    """
    return is_comparable(old, new) or judged.kind is Kind.SLOWER


def _failed_before(old: FileResult) -> str:
    """The reason why the base version produced no DAGs. The base may lack files that git does not
    store, such as generated files.
    """
    if not old.failures:
        return ""
    failure = old.failures[0]
    return (
        f". The base version failed with {failure.type}: {failure.message}" if failure.type else ""
    )


def _gone(cause: Cause | None) -> str:
    """The cause of an improvement: an action that only the old version performs."""
    return f". Before the change, {cause.past}" if cause is not None else ""


def _introduced(path: str, new: FileResult) -> str:
    """The parse time of a new file. If one statement takes most of this time, the sentence names
    the statement.
    """
    if not new.is_timed:
        return f"{path} is new and produces no DAGs (status: {new.status.value})"
    text = f"{path} is new and takes {new.own_ms:,.0f} ms to parse"
    if new.trace is None or not new.trace.statements or new.own_ms < _LONG_MS:
        return text
    longest = max(
        new.trace.statements, key=lambda statement: (statement.parent < 0, statement.wall_us)
    )
    share = longest.wall_us / 1000 / max(new.trace.wall_ms, 1.0)
    return (
        f"{text}. Line {longest.line} takes {share:.0%} of the parse time (`{longest.text}`)"
        if share >= _MOST
        else text
    )


def paid_already(head: Parsed, precedents: Precedents, outcome: Outcome) -> tuple[str, ...]:
    """A note on the imports that a new file shares with other DAG files. The note is empty if these
    imports take only a small part of the parse time.
    """
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
    load = "load" if len(most.paths) > 1 else "loads"
    where = f"{head.file.path} spends {found[most]:,.0f} ms on imports at {most.place}"
    return (f"{where}. {most.who} already {load} the same modules through this line",)


def _size(judged: Judgement) -> str:
    """The size of a change: ``120 ms (24 %)``."""
    change_ms = abs(judged.change_ms)
    share = f" ({100 * change_ms / judged.base_ms:,.0f} %)" if judged.base_ms else ""
    return f"{change_ms:,.0f} ms{share}"


def _amount(judged: Judgement) -> str:
    share = f" ({_signed(100 * judged.change_ms / judged.base_ms)} %)" if judged.base_ms else ""
    return f"{_signed(judged.change_ms)} ms{share}"


def _signed(number: float) -> str:
    return f"{number:+,.0f}".replace("-", "−")  # the minus sign of all tables


def timing(judged: Judgement | None, old: FileResult | None, new: FileResult) -> Timing | None:
    if (
        judged is None
        or old is None
        or not _tells(judged, old, new)
        or not math.isfinite(judged.low_ms)
    ):
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


def unloaded(before: Mapping[str, FileResult], after: Mapping[str, FileResult]) -> tuple[str, ...]:
    """The note on files that fail in both versions: their times say nothing about the code behind
    the failure.
    """
    failing = [
        path
        for path, file in after.items()
        if path in before and file.status.is_failure and before[path].status.is_failure
    ]
    if not failing:
        return ()
    many = len(failing) > 1
    first = min(failing)
    such = f", such as {first}," if many else f" ({first})"
    verb = "fail" if many else "fails"
    text = (
        f"{count(len(failing), 'file')}{such} {verb} in both versions (status:"
        f" {after[first].status.value}). In such a file, dagprof compares only the code that runs"
        " before the failure."
    )
    return (text,)
