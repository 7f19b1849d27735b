"""Selects the cause that explains most of a change, and a second cause that explains much of the
rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from dagprof.gate import waits
from dagprof.gate.parsed import Parsed
from dagprof.gate.reasons.building import more_work_after_loading
from dagprof.gate.reasons.imports import new_imports
from dagprof.gate.reasons.slower import slower_modules, slower_statements
from dagprof.gate.tied import Cause, Changed, is_firm, tied, where

# A cause that explains less than this share of the change is not named as the cause.
_LEAST_SHARE = 0.3
# The largest share of the change at which a cause counts in full, because traced times may be off.
# A cause above it counts for less.
_MOST_SHARE = 1.25
# An effect names the line better than the statement or module around it, if it explains this share
# of that cause.
_EFFECT_SHARE = 0.7


def cause(base: Parsed, head: Parsed, change_ms: float, changed: Changed) -> Cause | None:
    """The cause that explains most of a change, together with a second cause for the rest. None if
    no cause explains enough of the change.
    """
    if base.file.trace is None or head.file.trace is None:
        return None
    found = [
        *new_imports(base, head, changed),
        *slower_modules(base, head, changed),
        *slower_statements(base, head, changed),
        *more_work_after_loading(base, head, changed),
    ]
    effect = _grown_effect(base, head)
    if effect is not None:
        found = _with_effect(found, effect, change_ms)
    firm = [each for each in found if is_firm(each, base, head, changed)]
    best = _best(firm, change_ms) or _best(found, change_ms)
    if best is None:
        return None
    beside = [
        each
        for each in firm
        if each.place != best.place
        and not (each.is_building and best.is_building)
        and _LEAST_SHARE * change_ms <= each.ms <= _MOST_SHARE * change_ms - best.ms
    ]
    second = max(beside, key=lambda each: each.ms, default=None)
    best = tied(best, base, head, changed)
    if second is None:
        return best
    return best._replace(
        text=f"{best.text}, and {second.text}", past=f"{best.past}, and {second.past}"
    )


def _best(found: Sequence[Cause], change_ms: float) -> Cause | None:
    """The cause that explains most of a change. None if no cause explains enough of the change."""
    best = max(found, key=lambda each: _explains(each.ms, change_ms), default=None)
    return best if best is not None and best.ms >= _LEAST_SHARE * change_ms else None


def _with_effect(found: Sequence[Cause], effect: Cause, change_ms: float) -> list[Cause]:
    """The causes, with an effect in place of the cause that contains the effect. The containing
    cause is at the same line, or takes about the same time.
    """
    inside = [
        each
        for each in found
        if each.place == effect.place and each.ms >= _EFFECT_SHARE * effect.ms
    ] or [each for each in found if each.ms >= _EFFECT_SHARE * effect.ms]
    around = min(inside, key=lambda each: abs(each.ms - effect.ms), default=None)
    if around is not None and _explains(effect.ms, change_ms) < _EFFECT_SHARE * _explains(
        around.ms, change_ms
    ):
        return list(found)
    return [*(each for each in found if each is not around), effect]


def _explains(ms: float, change_ms: float) -> float:
    """The part of a change that a cause explains, in ms. If the cause takes much more time than the
    change, the old version may have spent a part of this time in another way.
    """
    return ms if ms <= _MOST_SHARE * change_ms else 2 * change_ms - ms


def _grown_effect(base: Parsed, head: Parsed) -> Cause | None:
    """The effect whose time grew most. An effect names its line even if the line is deep in the
    call stack.
    """
    grown = waits.most_grown(base.file.effects, head.file.effects)
    if grown is None:
        return None
    place = head.shown_place(grown.effect.file, grown.effect.line)
    now, past = waits.told(grown)
    at = where(place, head)
    return Cause(place, f"{at} {now}", f"{at} {past}", grown.ms)
