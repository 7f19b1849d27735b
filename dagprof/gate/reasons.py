"""Why a file became slower: what its traced parse does that the other one did not, with the line to look at."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence

from dagprof.gate import waits
from dagprof.gate.parsed import Link, OwnTime, Parsed
from dagprof.gate.tied import (
    DEFINED,
    Cause,
    Changed,
    and_changed,
    changed_helpers,
    hang_together,
    is_firm,
    new_calls,
    speaks_of,
    tied,
)
from dagprof.model import Module, Origin, Place, Samples

# A cause that explains less than this share of the change is not named as the cause.
_LEAST_SHARE = 0.3
# Traced times may be off by this share of the change; what takes more cannot be the whole story.
_MOST_SHARE = 1.25
# An effect tells the line better than what it happens in, where it explains this share of that.
_EFFECT_SHARE = 0.7


def cause(base: Parsed, head: Parsed, change_ms: float, changed: Changed) -> Cause | None:
    """What explains most of a change, where anything explains enough of it; with what explains much of the rest."""
    if base.file.trace is None or head.file.trace is None:
        return None
    found = [
        *_new_imports(base, head, changed),
        *_slower_modules(base, head, changed),
        *_slower_statements(base, head, changed),
        *_more_work_after_loading(base, head, changed),
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
    return best._replace(text=f"{best.text}, and {second.text}", past=f"{best.past}, and {second.past}")


def _best(found: Sequence[Cause], change_ms: float) -> Cause | None:
    """What explains most of a change, where it explains enough of it."""
    best = max(found, key=lambda each: _explains(each.ms, change_ms), default=None)
    return best if best is not None and best.ms >= _LEAST_SHARE * change_ms else None


def _with_effect(found: Sequence[Cause], effect: Cause, change_ms: float) -> list[Cause]:
    """The causes with an effect in the place of what it happens in: at the same line, or what takes about as long."""
    inside = [each for each in found if each.place == effect.place and each.ms >= _EFFECT_SHARE * effect.ms] or [
        each for each in found if each.ms >= _EFFECT_SHARE * effect.ms
    ]
    around = min(inside, key=lambda each: abs(each.ms - effect.ms), default=None)
    if around is not None and _explains(effect.ms, change_ms) < _EFFECT_SHARE * _explains(around.ms, change_ms):
        return list(found)
    return [*(each for each in found if each is not around), effect]


def _explains(ms: float, change_ms: float) -> float:
    """How much of a change something explains, in ms: what takes much more was perhaps there before, in another form."""
    return ms if ms <= _MOST_SHARE * change_ms else 2 * change_ms - ms


def _new_imports(base: Parsed, head: Parsed, changed: Changed) -> Iterable[Cause]:
    """Modules that only the new version loads, by the first link on the way that is new itself."""
    known = {link for position in base.loaded.values() for link in map(_key, base.way(position))}
    # What a statement named and did not load was there before the parse began.
    known |= {(place.file, name, False) for place, names in base.imports.items() for name in names}
    calls = new_calls(base, head, changed)
    groups: dict[Place, list[tuple[Link, int, float]]] = defaultdict(list)
    unmoved: list[tuple[Link, int, float]] = []
    for name, position in head.loaded.items():
        way = head.way(position)
        if name in base.loaded or not way:
            continue
        new = (link for link in way if (link.place in calls if link.is_call else _key(link) not in known))
        link = next(new, None)
        row = (link or way[-1], position, head.module_ms(position))
        if link is None and base.pre_imported - head.pre_imported:
            unmoved.append(row)
        else:
            groups[row[0].place].append(row)
    if unmoved:
        yield _no_longer_pre_imported(base, head, unmoved)
    for place, rows in groups.items():
        text, past = _loads_now(place, rows, head)
        instead = _changed_instead(place, head, changed)
        yield Cause(place, text + and_changed(instead), past, sum(ms for _, _, ms in rows))


def _no_longer_pre_imported(base: Parsed, head: Parsed, rows: Sequence[tuple[Link, int, float]]) -> Cause:
    """Modules that the DAG processor had before it forked, and that each parse loads now: no line of the parse changed."""
    gone = sorted(base.pre_imported - head.pre_imported)
    loaded = [name for name in gone if name in head.loaded] or gone
    names = ", ".join(loaded[:2]) + (f" and {len(loaded) - 2} more" if len(loaded) > 2 else "")
    is_one = len(loaded) == 1
    link = max(rows, key=lambda row: row[2])[0]
    text = (
        f"no DAG file names {names} any more, so the DAG processor no longer imports "
        f"{'it' if is_one else 'them'} before it forks; {_where(link.place, head)} loads "
        f"`{link.module}` in each parse"
    )
    past = f"the DAG processor did not import {names} before it forked"
    return Cause(Place(file=head.file.path, line=0), text, past, sum(ms for _, _, ms in rows))


def _key(link: Link) -> tuple[str, str, bool]:
    return link.place.file, link.module, link.is_call


def _loads_now(place: Place, rows: Sequence[tuple[Link, int, float]], head: Parsed) -> tuple[str, str]:
    """``line 7 now imports `common.frames`, which loads pandas``: of what the line asks for, the module that takes most.

    And the same in the past.
    """
    by_link: dict[Link, float] = defaultdict(float)
    for link, _, ms in rows:
        by_link[link] += ms
    asked = max(by_link, key=by_link.__getitem__)
    by_code: dict[str, float] = defaultdict(float)
    for link, position, ms in rows:
        if link == asked:
            by_code[_code(head.module(position))] += ms
    most = max(by_code, key=by_code.__getitem__)
    users = {head.module(position).name for _, position, _ in rows if head.module(position).origin is Origin.USER}
    now = past = ""
    if most not in (asked.module, asked.module.partition(".")[0]):
        now, past = f", which loads {most}", f", which loaded {most}"
    elif most in users and by_code[most] >= 0.5 * sum(by_link.values()):
        now, past = ", whose own code takes that time", ", whose own code took that time"
    where = _where(place, head)
    does, did = ("now calls into", "called into") if asked.is_call else ("now imports", "imported")
    return f"{where} {does} `{asked.module}`{now}", f"{where} {did} `{asked.module}`{past}"


def _code(module: Module) -> str:
    """Whose time it is: of the user's code each module by itself, of the rest the top-level package."""
    return module.name if module.origin is Origin.USER else module.name.partition(".")[0]


def _where(place: Place, head: Parsed) -> str:
    return f"line {place.line}" if place.file == head.file.path else str(place)


def _slower_modules(base: Parsed, head: Parsed, changed: Changed) -> Iterable[Cause]:
    """Modules of the user's code that both versions load and whose own code takes longer."""
    for name in head.loaded.keys() & base.loaded.keys():
        module = head.module(head.loaded[name])
        grown = head.module_ms(head.loaded[name]) - base.module_ms(base.loaded[name])
        if module.origin is not Origin.USER or grown <= 0:
            continue
        file = head.shown_file(module)
        lines = changed.at_top(file)
        if changed.lines and not lines and not changed_helpers(head, changed):
            continue  # nothing that it runs changed: one traced parse does not prove that it takes longer
        place = Place(file=file, line=lines[0] if lines else 1)
        at = f", changed {_from_line(lines)}" if lines else ""
        what = f"the code at the top of {file}"
        yield Cause(place, f"{what} takes longer{at}", f"{what} took longer", grown)


def _from_line(lines: Sequence[int]) -> str:
    """``at line 7`` for lines that hang together, else from which line on."""
    return f"at line {lines[0]}" if hang_together(lines) else f"from line {lines[0]} on"


def _slower_statements(base: Parsed, head: Parsed, changed: Changed) -> Iterable[Cause]:
    """Statements of the DAG file that are new or take longer; where the text is the same, a changed helper may be behind it."""
    before: dict[str, list[OwnTime]] = defaultdict(list)
    for statement in base.statements:
        before[statement.text].append(statement)
    helpers = changed_helpers(head, changed)
    for statement in head.statements:
        old = before[statement.text].pop(0) if before[statement.text] else None
        grown = statement.own_ms - (old.own_ms if old is not None else 0.0)
        if grown <= 0:
            continue
        line, code = statement.place.line, f"`{_short(statement.text)}`"
        is_building = statement.building_ms >= 0.5 * statement.own_ms
        if old is None:
            yield Cause(statement.place, f"line {line} is new ({code})", f"line {line} was {code}", grown, is_building)
            continue
        past = f"line {line} took longer ({code})"
        if helpers and line not in changed.lines.get(head.file.path, ()):
            mine = [place for name, place in helpers.items() if speaks_of(statement.text, name)] or [*helpers.values()]
            place = mine[0] if len(mine) == 1 else statement.place
            yield Cause(place, f"{code} at line {line} takes longer{and_changed(mine)}", past, grown, is_building)
        else:
            yield Cause(statement.place, f"line {line} takes longer ({code})", past, grown, is_building)


def _changed_instead(place: Place, head: Parsed, changed: Changed) -> list[Place]:
    """What changed where neither the file of a place nor the DAG file did: lines of other modules."""
    if place.file in changed.lines or head.file.path in changed.lines:
        return []
    return list(changed_helpers(head, changed).values())


def _more_work_after_loading(base: Parsed, head: Parsed, changed: Changed) -> Iterable[Cause]:
    """More DAGs and tasks, or more in them: checking and serialising them comes after the load stage."""
    grown = _after_loading_ms(head.file.samples) - _after_loading_ms(base.file.samples)
    dags, tasks = len(head.file.dag_ids) - len(base.file.dag_ids), head.file.task_count - base.file.task_count
    if grown <= 0:
        return
    if dags <= 0 and tasks <= 0:
        at = _building_line(base, head, changed, is_certain=True)
        place = Place(file=head.file.path, line=at)
        text = "checking and serialising its DAGs"
        yield Cause(place, f"{text} takes {grown:,.0f} ms longer", f"{text} took {grown:,.0f} ms longer", grown, True)
        return
    at = _building_line(base, head, changed)
    more = " and ".join(
        f"{number:,} {noun}{'' if number == 1 else 's'}"
        for number, noun in ((dags, "DAG"), (tasks, "task"))
        if number > 0
    )
    where = f" (line {at})" if at else ""
    place = Place(file=head.file.path, line=at)
    instead = _changed_instead(place, head, changed)
    text = f"it makes {more} more{where}{and_changed(instead)}"
    yield Cause(
        instead[0] if len(instead) == 1 else place, text, f"it made {more} more{where}", grown, is_building=True
    )


def _after_loading_ms(samples: Samples) -> float:
    """Median time of the stages after loading, less their share of what each parse waited for a processor."""
    rows = zip(samples.bag_ms, samples.serialise_ms, samples.own_ms, samples.wall_ms, strict=True)
    found = [(bag + serialise) * own / wall for bag, serialise, own, wall in rows if wall > 0]
    return statistics.median(found) if found else 0.0


def _building_line(base: Parsed, head: Parsed, changed: Changed, *, is_certain: bool = False) -> int:
    """The changed line behind more building: in the statement that builds more, in what that names, or any; 0 if unknown.

    ``is_certain``: in the statement that builds most, and not just any.
    """
    before: dict[str, float] = defaultdict(float)
    for statement in base.statements:
        before[statement.text] += statement.building_ms
    building = max(
        head.statements,
        key=lambda statement: statement.building_ms - (0.0 if is_certain else before[statement.text]),
        default=None,
    )
    lines = changed.lines.get(head.file.path, ())
    if building is None:
        return lines[0] if lines else 0
    if not lines:
        return building.place.line
    around = [each for each in head.statements if building.place.line in each.lines]
    named = [
        each
        for each in head.statements
        if (name := DEFINED.match(each.text)) and any(speaks_of(other.text, name[1]) for other in around)
    ]
    for statements in (around, named):
        inside = [line for line in lines if any(line in statement.lines for statement in statements)]
        if inside:
            return inside[0]
    return 0 if is_certain else lines[0]


def _grown_effect(base: Parsed, head: Parsed) -> Cause | None:
    """The effect that takes most more: it tells the line, through any depth of calls."""
    grown = waits.most_grown(base.file.effects, head.file.effects)
    if grown is None:
        return None
    place = head.shown_place(grown.effect.file, grown.effect.line)
    now, past = waits.told(grown)
    where = _where(place, head)
    return Cause(place, f"{where} {now}", f"{where} {past}", grown.ms)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
