"""Why one file takes longer or shorter in production. Each reason needs evidence in the Run."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.analyse.others.lookups import file_cost_ms, is_lookup
from dagprof.analyse.production.values import Cause, Reason, Row, Speed
from dagprof.model import FileResult, LookupPrices

# Smaller differences are noise: the figure of production is a single parse.
_LEAST_MS, _LEAST_SHARE = 50.0, 0.25
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
    difference = there - file.parse_ms
    cost_ms = file_cost_ms(file, prices)
    if difference > 0 and cost_ms >= max(_PART * difference, 1.0):
        yield Reason(Cause.LOOKUPS, ms=cost_ms, number=_lookups(file))
    if not _differs(there, expected):
        return
    factor = speed.factor if speed is not None and speed.differs else 1.0
    if factor != 1.0 and (there > expected) == (factor > 1.0):
        yield Reason(Cause.MACHINE, ms=expected * factor)
    if not _differs(there, expected * factor):
        return
    found = list(_own(file, prices)) if there > expected * factor else []
    yield from found or [Reason(Cause.UNKNOWN)]


def _differs(there: float, here: float) -> bool:
    return abs(there - here) > max(_LEAST_MS, _LEAST_SHARE * here)


def _own(file: FileResult, prices: LookupPrices | None) -> Iterator[Reason]:
    """What the file does here that can take longer elsewhere."""
    stubs = sum(each.count for each in file.accesses if each.answered_by in ("stub", "missing"))
    if stubs:
        yield Reason(Cause.STUBS, number=stubs)
    if prices is None and (number := _lookups(file)):
        yield Reason(Cause.UNPRICED, number=number)
    waits = [
        each for each in file.effects if each.about.verbs is not None and each.about.belongs_in_task
    ]
    if waits:
        longest = max(waits, key=lambda each: each.wall_us or 0)
        total_ms = sum(each.wall_us or 0 for each in waits) / 1000
        yield Reason(Cause.WAITS, ms=total_ms, number=len(waits), effect=longest)


def _lookups(file: FileResult) -> int:
    return sum(access.count for access in file.accesses if is_lookup(access))
