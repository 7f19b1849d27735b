"""What a parse does besides computing, such as sleeping or running a program, and how much
longer than another parse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dagprof.model import Effect
from dagprof.model.effects import PROGRAM, Verbs


def done_to(effect: Effect) -> tuple[str, str]:
    """The kind of an effect and what it is done to: of a program its name, for arguments may
    differ from parse to parse.
    """
    is_program = effect.about.group is PROGRAM
    return effect.kind, (
        effect.what.split(maxsplit=1)[0] if is_program and effect.what.strip() else effect.what
    )


class Grown(NamedTuple):
    """An effect that takes ``ms`` more than in the other parse, which had it too or not."""

    effect: Effect
    ms: float
    is_new: bool


def most_grown(base: Iterable[Effect], head: Iterable[Effect]) -> Grown | None:
    """The effect that takes most time more than in the base; None where none does."""
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
    """The same thing done at several lines, which may have moved: what takes about the same time
    is the same.
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
    """The verbs of the kind; ``most_grown`` looks at kinds that have them."""
    if effect.about.verbs is None:
        raise ValueError(f"effects of the kind {effect.kind!r} have no verbs")
    return effect.about.verbs


def told(grown: Grown) -> tuple[str, str]:
    """What a line does, for a version that does it now and for one that did it before."""
    effect, kind, verb = grown.effect, grown.effect.about, _verbs(grown.effect)
    takes = f" ({_ms(effect):.0f} ms)"
    what = f" {effect.what}" if effect.what and kind.has_object else ""
    if grown.is_new:
        return f"now {verb.present}{what}{takes}", f"{verb.past}{what}{takes}"
    longer = f"{grown.ms:.0f} ms longer"
    if not kind.has_object:
        return f"{verb.present} {longer}{takes}", f"{verb.past} {longer}{takes}"
    return (
        f"takes {longer} to {verb.infinitive}{what}{takes}",
        f"took {longer} to {verb.infinitive}{what}{takes}",
    )
