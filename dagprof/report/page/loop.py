"""The parse loop in the HTML report: the figures, and a picture of one round."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from dagprof.analyse.fleet import Fleet
from dagprof.analyse.loop import Forecast, LoopRequest, Outlook, Parse, outlook
from dagprof.model import Run
from dagprof.quantities import count
from dagprof.report import parse_loop
from dagprof.report.escape import safe_text
from dagprof.report.parse_loop import seconds
from dagprof.report.parse_loop.modified import modification_times

Row = dict[str, object]
_WIDTH, _LEFT, _ROW, _AXIS = 960.0, 90.0, 24.0, 28.0
# The most rows of a picture, and the narrowest bar.
_PROCESSES, _NARROW = 16, 2.0
_TICKS = 8
_CLOSE, _IGNORED = 20, 100


def build(run: Run, fleet: Fleet | None) -> Row | None:
    """All values of the section. None if the Run has no parse times."""
    if not any(file.is_timed for file in run.files):
        return None
    request = LoopRequest(modified=modification_times(run))
    found = outlook(run, request, fleet if fleet is not None else Fleet(run))
    ignorable = found.ignorable
    return {
        "headline": parse_loop.headline(found),
        "round": seconds(found.now.round_s),
        "rows": parse_loop.rows(found),
        "has_plan": found.planned is not None,
        "pictures": list(_pictures(found)),
        "enough": parse_loop.sufficient(found),
        "close": [
            (seconds(each.takes_s), parse_loop.near(each), safe_text(each.path))
            for each in found.close[:_CLOSE]
        ],
        "without_dags": parse_loop.without_dags(ignorable) if ignorable else "",
        "ignore_lines": "\n".join(
            safe_text(line, 1000)
            for line in parse_loop.ignore_lines(run, ignorable.paths if ignorable else ())[
                :_IGNORED
            ]
        ),
        "settings": parse_loop.settings(found),
        "assumption": parse_loop.assumption(found),
    }


def _pictures(found: Outlook) -> Iterator[Row]:
    """One picture of the first round, and one after the plan, with the same axis."""
    span_s = found.now.round_s
    if span_s <= 0:
        return
    yield _picture("One round", found.now, span_s)
    if found.planned is not None:
        yield _picture("One round with the proposed changes", found.planned, span_s)


def _picture(title: str, one: Forecast, span_s: float) -> Row:
    scale = (_WIDTH - _LEFT) / (1.02 * span_s)
    rows = min(one.settings.processes, _PROCESSES)
    bottom = rows * _ROW
    interval_s = one.settings.interval_s
    more = one.settings.processes - rows
    return {
        "title": f"{title}: {seconds(one.round_s)}"
        + (f" ({count(more, 'more process')} not shown)" if more > 0 else ""),
        "width": _WIDTH,
        "height": bottom + _AXIS,
        "bottom": bottom,
        "left": _LEFT,
        "processes": [(f"process {n + 1}", n * _ROW + 16) for n in range(rows)],
        "bars": list(_bars(one, scale)),
        "ticks": [(_LEFT + at * scale, _tick(at)) for at in _ticks(span_s)],
        "interval": _LEFT + interval_s * scale if 0 < interval_s <= span_s else None,
        "interval_name": f"{parse_loop.INTERVAL}: {seconds(interval_s)}",
    }


def _bars(one: Forecast, scale: float) -> Iterator[Row]:
    """A bar for each parse. Neighbouring parses that are too short for a bar share one bar."""
    by_slot: dict[int, list[Parse]] = {}
    for parse in sorted(one.first_round, key=lambda parse: parse.start):
        if parse.slot < _PROCESSES:
            by_slot.setdefault(parse.slot, []).append(parse)
    for slot, parses in sorted(by_slot.items()):
        for group in _groups(parses, scale):
            start, end = group[0].start, group[-1].stored
            yield {
                "x": round(_LEFT + start * scale, 2),
                "y": slot * _ROW + 3,
                "width": round(max(0.5, (end - start) * scale - 0.6), 2),
                "height": _ROW - 6,
                "kind": _kind(group),
                "about": _about(one, group),
            }


def _groups(parses: Iterable[Parse], scale: float) -> Iterator[list[Parse]]:
    group: list[Parse] = []
    for parse in parses:
        group.append(parse)
        if (parse.stored - group[0].start) * scale >= _NARROW:
            yield group
            group = []
    if group:
        yield group


def _kind(group: list[Parse]) -> str:
    if any(parse.is_killed for parse in group):
        return "killed"
    return "several" if len(group) > 1 else "one"


def _about(one: Forecast, group: list[Parse]) -> str:
    took = seconds(group[-1].stored - group[0].start)
    when = f"starts at {seconds(group[0].start)}"
    if len(group) > 1:
        return f"{len(group):,} files: {took}, {when}"
    ended = ", ended by the timeout" if group[0].is_killed else ""
    return f"{safe_text(one.files[group[0].file].path)}: {took}, {when}{ended}"


def _ticks(span_s: float) -> list[float]:
    """Round numbers of seconds on the axis."""
    step = 10.0 ** math.floor(math.log10(span_s / _TICKS))
    step *= next(factor for factor in (1, 2, 5, 10) if span_s / (step * factor) <= _TICKS)
    return [number * step for number in range(int(span_s / step) + 1)]


def _tick(at: float) -> str:
    return f"{at:g} s"
