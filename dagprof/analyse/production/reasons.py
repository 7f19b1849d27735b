"""Why one file takes longer or shorter in production. Each reason needs evidence in the Run."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.analyse.others.lookups import file_cost_ms, is_lookup
from dagprof.analyse.production.values import Cause, Reason, Row, Speed
from dagprof.model import Effect, FileResult, LookupPrices

# Smaller differences are noise: the figure of production is a single parse.
_LEAST_MS, _LEAST_SHARE = 100.0, 0.25
# Lookups are named if they are at least this part of the difference.
_PART = 0.2


def reasons(row: Row, prices: LookupPrices | None, speed: Speed | None) -> tuple[Reason, ...]:
    """The reasons for the difference of one file. Empty if both times agree."""
    return tuple(_without_times(row) or _of_times(row, prices, speed))


def _without_times(row: Row) -> list[Reason]:
    """Why the file has no time to compare."""
    found = []
    if row.there.error:
        found.append(Reason(Cause.FAILED_THERE))
    if row.skipped is not None:
        found.append(Reason(Cause.SKIPPED))
    elif row.file is None:
        found.append(Reason(Cause.NOT_SCANNED))
    elif row.file.status.is_failure:
        found.append(Reason(Cause.FAILED_HERE))
    elif not row.file.is_timed:
        found.append(Reason(Cause.NO_TIME))
    return found


def _of_times(row: Row, prices: LookupPrices | None, speed: Speed | None) -> Iterator[Reason]:
    there, file, expected = row.there.parse_ms, row.file, row.expected_ms
    if there is None or file is None or expected is None:
        return
    cost_ms = file_cost_ms(file, prices)
    if there - file.own_ms > 0 and cost_ms >= max(_PART * (there - file.own_ms), 1.0):
        yield Reason(Cause.LOOKUPS, ms=cost_ms, number=lookups(file))
    if not _differs(there, expected):
        return
    factor = speed.factor if speed is not None and speed.differs else 1.0
    if factor != 1.0 and (there > expected) == (factor > 1.0):
        yield Reason(Cause.MACHINE, ms=expected * factor)
    if not _differs(there, expected * factor, max(1.0, factor)):
        return
    found = list(_own(file, cost_ms)) if there > expected * factor else []
    yield from found or [Reason(Cause.UNKNOWN)]


def _differs(there: float, here: float, scale: float = 1.0) -> bool:
    return abs(there - here) > max(scale * _LEAST_MS, _LEAST_SHARE * here)


def _own(file: FileResult, cost_ms: float) -> Iterator[Reason]:
    """What the file does here that can take longer elsewhere."""
    stubs = sum(each.count for each in file.accesses if each.answered_by in ("stub", "missing"))
    if stubs:
        yield Reason(Cause.STUBS, number=stubs)
    if number := lookups(file):
        yield Reason(Cause.SLOW_LOOKUPS, ms=cost_ms, number=number)
    if found := waits(file):
        longest = max(found, key=lambda each: each.wall_us or 0)
        total_ms = sum(each.wall_us or 0 for each in found) / 1000
        yield Reason(Cause.WAITS, ms=total_ms, number=len(found), effect=longest)


def waits(file: FileResult) -> list[Effect]:
    """The actions whose time depends on something besides the machine, such as a network."""
    return [
        each for each in file.effects if each.about.verbs is not None and each.about.belongs_in_task
    ]


def lookups(file: FileResult) -> int:
    """The number of lookups of Variables and Connections in one parse."""
    return sum(access.count for access in file.accesses if is_lookup(access))
