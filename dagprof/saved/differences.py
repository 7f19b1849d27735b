"""What a parse loads and does that an earlier parse of the same file did not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dagprof.analyse.loads import package
from dagprof.attribution.candidates import shown_path
from dagprof.gate import reasons
from dagprof.gate.parsed import Parsed
from dagprof.gate.tied import Changed, where
from dagprof.model import Access, Effect, FileResult, Origin, Place, Run
from dagprof.model.behaviour import LOOKUP_KINDS
from dagprof.model.effects import EFFECT_KINDS
from dagprof.saved.values import Difference, Doing, Kind, Loading, Problem, Time

_KINDS = tuple(kind.name for kind in EFFECT_KINDS)
# The kinds of effects that have no verbs, because they cost almost no time.
_PHRASES = {
    "exec": "executes code from",
    "thread": "starts a thread:",
    "environment": "changes the environment variable",
    "working-directory": "changes the working directory to",
    "sys-path": "changes sys.path:",
    "signal": "changes the handler of signal",
    "logger": "changes the logger",
    "output": "prints to",
    "warning": "warns:",
}
# A change of the CPU time that explains so much of a change is its reason.
_CPU_SHARE = 0.5
# A load or an effect at a changed line that takes so much of a change is its reason.
_CAUSE_SHARE = 0.3


def problems(file: FileResult, root: str) -> tuple[Problem, ...]:
    """Why a file produces no DAGs, each at the user's line if there is one."""
    if not file.status.is_failure:
        return ()
    if file.unanswered:
        first = file.unanswered[0]
        return (Problem(text=file.what_it_needs, place=_place(file, root, first.file, first.line)),)
    found = [
        Problem(
            text=f"{failure.type}: {failure.message}" if failure.type else failure.message,
            place=_place(file, root, failure.file, failure.line),
        )
        for failure in file.failures
    ]
    here = Place(file=file.path, line=0)
    return tuple(found) or (Problem(text=file.why_no_dags, place=here),)


def difference(before: Run | None, now: Run, changed: Changed, time: Time) -> Difference:
    """The differences of the traced parses of one file. Each Run has only this file. ``before`` is
    None if there is no earlier traced parse.
    """
    new = Parsed(now.files[0], now)
    old = Parsed(before.files[0], before) if before is not None else None
    if new.file.trace is None or old is None or old.file.trace is None:
        return _by_changed_lines(old.file if old is not None else None, now, changed, time)
    return Difference(
        cause=_cause(old, new, changed, time),
        loads=_loads(old, new),
        no_longer_loads=_loads(new, old),
        does=tuple(_does(old, new)),
        no_longer_does=tuple(_does(new, old)),
    )


def _by_changed_lines(old: FileResult | None, now: Run, changed: Changed, time: Time) -> Difference:
    """What the changed lines load and do, if the earlier parse was not traced."""
    if old is None:
        return Difference()
    new = Parsed(now.files[0], now)
    bare = msgspec.structs.replace(new.file, trace=None, accesses=(), effects=())
    nothing = Parsed(bare, now)
    loads = tuple(row for row in _loads(nothing, new) if changed.holds(row.place))
    does = tuple(row for row in _does(nothing, new) if changed.holds(row.place))
    least_ms = _CAUSE_SHARE * (time.difference_ms or 0.0)
    found = [
        *((row.ms, row.place, f"loads {row.name}") for row in loads),
        *((row.ms or 0.0, row.place, row.what) for row in does),
    ]
    ms, place, what = max(found, default=(0.0, Place(file="", line=0), ""))
    if time.kind is Kind.SLOWER and what and ms >= least_ms:
        return Difference(cause=f"{where(place, new)} now {what}", loads=loads, does=does)
    return Difference(cause=_by_cpu(old, new.file, time), loads=loads, does=does)


def _cause(old: Parsed, new: Parsed, changed: Changed, time: Time) -> str:
    if time.kind not in (Kind.SLOWER, Kind.FASTER) or time.difference_ms is None:
        return ""
    if time.kind is Kind.SLOWER:
        found = reasons.cause(old, new, time.difference_ms, changed)
        text = found.text if found is not None else ""
    else:
        found = reasons.cause(new, old, -time.difference_ms, Changed())
        text = f"before the save, {found.past}" if found is not None else ""
    return text or _by_cpu(old.file, new.file, time)


def _by_cpu(old: FileResult | None, new: FileResult, time: Time) -> str:
    """The reason for a change for which no statement or import is known."""
    if old is None or time.kind not in (Kind.SLOWER, Kind.FASTER) or not time.difference_ms:
        return ""
    cpu = new.samples.median("cpu_ms") - old.samples.median("cpu_ms")
    more = "more" if time.difference_ms > 0 else "less"
    if cpu / time.difference_ms >= _CPU_SHARE:
        return f"the file's own code uses {abs(cpu):,.0f} ms {more} CPU time"
    waits = abs(time.difference_ms - cpu)
    return f"the parse waits {waits:,.0f} ms {more} (for disk, network, sleep or another process)"


def _loads(without: Parsed, having: Parsed) -> tuple[Loading, ...]:
    """The packages and user modules that only one parse loads, the slowest first."""
    groups: dict[str, list[int]] = {}
    for name, position in having.loaded.items():
        if name not in without.loaded:
            module = having.module(position)
            group = module.name if module.origin is Origin.USER else package(module)
            groups.setdefault(group, []).append(position)
    found = [
        Loading(
            name=group,
            ms=max(0.0, sum(map(having.module_ms, positions))),
            place=having.blamed(positions[0]),
            modules=len(positions),
        )
        for group, positions in groups.items()
    ]
    return tuple(sorted(found, key=lambda loading: -loading.ms))


def _does(without: Parsed, having: Parsed) -> Iterable[Doing]:
    """The look-ups and effects that only one parse has. Reading an environment variable costs
    nothing.
    """
    known = {(access.kind, access.key, access.operation) for access in without.file.accesses}
    for access in having.file.accesses:
        is_lookup = access.kind in LOOKUP_KINDS
        if is_lookup and (access.kind, access.key, access.operation) not in known:
            place = having.shown_place(access.file, access.line)
            yield Doing(what=_looks_up(access), place=place)
    for effect in having.new_effects(without, _KINDS):
        what = effect.what if effect.about.has_object else ""
        yield Doing(
            what=f"{_does_what(effect)} {what}".rstrip(),
            place=having.shown_place(effect.file, effect.line),
            ms=None if effect.wall_us is None else effect.wall_us / 1000,
        )


def _does_what(effect: Effect) -> str:
    verbs = effect.about.verbs
    return verbs.present if verbs is not None else _PHRASES.get(effect.kind, f"{effect.kind}:")


def _looks_up(access: Access) -> str:
    verb = "writes" if access.answered_by == "ignored" else "looks up"
    return f"{verb} {access.kind.title()} {access.key}"


def _place(file: FileResult, root: str, where: str, line: int) -> Place:
    """A place relative to the bundle root. Without a known file, it is the DAG file."""
    if not where:
        return Place(file=file.path, line=line)
    return Place(file=shown_path(where, root), line=line)


def changed_of(lines: Mapping[str, Sequence[int]]) -> Changed:
    """The changed lines, by path as shown."""
    return Changed(lines, lines, lines)
