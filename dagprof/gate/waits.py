"""The time that a parse spends on effects, such as sleeping or running a program, compared with
another parse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dagprof.model import Effect
from dagprof.model.effects import PROGRAM, Verbs


def done_to(effect: Effect) -> tuple[str, str]:
    """The kind and the object of an effect. For a program, the object is only the name of the
    program, because the arguments may differ between parses.
    """
    is_program = effect.about.group is PROGRAM
    return effect.kind, (
        effect.what.split(maxsplit=1)[0] if is_program and effect.what.strip() else effect.what
    )


class Grown(NamedTuple):
    """An effect that takes ``ms`` longer than in the other parse. ``is_new`` says that the other
    parse does not have the effect.
    """

    effect: Effect
    ms: float
    is_new: bool


def most_grown(base: Iterable[Effect], head: Iterable[Effect]) -> Grown | None:
    """The effect whose time grew most compared with the base. None if no effect grew."""
    old, new = _by_kind(base), _by_kind(head)
    grown = [each for kind, effects in new.items() for each in _grown(old.get(kind, ()), effects)]
    most = max(grown, key=lambda each: each.ms, default=None)
    return most if most is not None and most.ms > 0 else None


def _by_kind(effects: Iterable[Effect]) -> dict[tuple[str, str], list[Effect]]:
    found: dict[tuple[str, str], list[Effect]] = defaultdict(list)
    for effect in effects:
        if effect.about.verbs is not None:
            found[done_to(effect)].append(effect)
    return found


def _grown(old: Sequence[Effect], new: Sequence[Effect]) -> Iterable[Grown]:
    """The growth of an effect that occurs at several lines. The line numbers may differ between
    versions, so occurrences with about the same time count as the same occurrence.
    """
    alike = sorted(
        (round(abs(_ms(one) - _ms(other)), -1), abs(one.line - other.line), at, there)
        for at, one in enumerate(new)
        for there, other in enumerate(old)
    )
    earlier: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, at, there in alike:
        if at not in earlier and there not in taken:
            earlier[at] = there
            taken.add(there)
    for at, effect in enumerate(new):
        before_ms = _ms(old[earlier[at]]) if at in earlier else 0.0
        yield Grown(effect, _ms(effect) - before_ms, at not in earlier)


def _ms(effect: Effect) -> float:
    return (effect.wall_us or 0) / 1000


def _verbs(effect: Effect) -> Verbs:
    """The verbs of an effect's kind. Each effect of ``most_grown`` has a kind with verbs."""
    if effect.about.verbs is None:
        raise ValueError(f"the effect kind {effect.kind!r} has no verbs")
    return effect.about.verbs


def told(grown: Grown) -> tuple[str, str]:
    """Two descriptions of a line's effect: the first in the present tense for the new version, the
    second in the past tense for the old version.
    """
    effect, kind, verb = grown.effect, grown.effect.about, _verbs(grown.effect)
    takes = f" ({_ms(effect):.0f} ms)"
    what = f" {effect.what}" if effect.what and kind.has_object else ""
    if grown.is_new:
        return f"now {verb.present}{what}{takes}", f"{verb.past}{what}{takes}"
    takes = f" ({_ms(effect):.0f} ms in total)"
    longer = f"{grown.ms:.0f} ms longer"
    if not kind.has_object:
        return f"{verb.present} {longer}{takes}", f"{verb.past} {longer}{takes}"
    return (
        f"takes {longer} to {verb.infinitive}{what}{takes}",
        f"took {longer} to {verb.infinitive}{what}{takes}",
    )
