"""Why a file became slower: what its traced parse does that the other one did not, with the line to look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dagprof.gate.parsed import Link, OwnTime, Parsed
from dagprof.model import Effect, Module, Origin, Place

# A cause that explains less than this share of the change is not named as the cause.
_LEAST_SHARE = 0.3
# What an effect that takes time does.
_DOES = {
    "sleep": "sleeps",
    "process": "runs",
    "dns": "looks up",
    "socket": "connects to",
    "http": "asks",
    "database": "asks the database",
    "metadata-database": "asks Airflow's database",
    "file-read": "reads",
    "file-write": "writes",
}


class Cause(NamedTuple):
    """A line and what about it takes how many ms more; ``text`` goes on after "because"."""

    place: Place
    text: str
    ms: float


def cause(base: Parsed, head: Parsed, change_ms: float, changed_lines: Mapping[str, Sequence[int]]) -> Cause | None:
    """What explains most of a change, where anything explains enough of it.

    ``changed_lines`` holds, by file relative to the bundle root, the lines of the new version that differ from the old one.
    """
    if base.file.trace is None or head.file.trace is None:
        return None
    found = [
        *_new_imports(base, head),
        *_slower_modules(base, head, changed_lines),
        *_slower_statements(base, head, changed_lines),
        *_more_work_after_loading(base, head, changed_lines),
    ]
    if not found:
        return None
    best = max(found, key=lambda each: each.ms)
    if best.ms < _LEAST_SHARE * change_ms:
        return None
    return _more_exact(best, base, head)


def _new_imports(base: Parsed, head: Parsed) -> Iterable[Cause]:
    """Modules that only the new version loads, by the first import statement on the way that is new itself."""
    known = {link for position in base.loaded.values() for link in map(_key, base.way(position))}
    groups: dict[Place, list[tuple[Link, int, float]]] = defaultdict(list)
    for name, position in head.loaded.items():
        way = head.way(position)
        if name not in base.loaded and way:
            link = next((link for link in way if _key(link) not in known), way[-1])
            groups[link.place].append((link, position, head.module_ms(position)))
    for place, rows in groups.items():
        total = sum(ms for _, _, ms in rows)
        yield Cause(place, _loads_now(place, rows, head), total)


def _key(link: Link) -> tuple[str, str, bool]:
    return link.place.file, link.module, link.is_call


def _loads_now(place: Place, rows: Sequence[tuple[Link, int, float]], head: Parsed) -> str:
    """``line 7 now imports `common.frames`, which loads pandas``: of what the line asks for, the module that takes most."""
    by_link: dict[Link, float] = defaultdict(float)
    for link, _, ms in rows:
        by_link[link] += ms
    asked = max(by_link, key=by_link.__getitem__)
    by_code: dict[str, float] = defaultdict(float)
    for link, position, ms in rows:
        if link == asked:
            by_code[_code(head.module(position))] += ms
    text = f"{_where(place, head)} {'now calls into' if asked.is_call else 'now imports'} `{asked.module}`"
    most = max(by_code, key=by_code.__getitem__)
    if most not in (asked.module, asked.module.partition(".")[0]):
        return f"{text}, which loads {most}"
    is_own = most in {
        head.module(position).name for _, position, _ in rows if head.module(position).origin is Origin.USER
    }
    return (
        f"{text}, whose own code takes that time" if is_own and by_code[most] >= 0.5 * sum(by_link.values()) else text
    )


def _code(module: Module) -> str:
    """Whose time it is: of the user's code each module by itself, of the rest the top-level package."""
    return module.name if module.origin is Origin.USER else module.name.partition(".")[0]


def _where(place: Place, head: Parsed) -> str:
    return f"line {place.line}" if place.file == head.file.path else str(place)


def _slower_modules(base: Parsed, head: Parsed, changed_lines: Mapping[str, Sequence[int]]) -> Iterable[Cause]:
    """Modules of the user's code that both versions load and whose own code takes longer."""
    for name in head.loaded.keys() & base.loaded.keys():
        module = head.module(head.loaded[name])
        grown = head.module_ms(head.loaded[name]) - base.module_ms(base.loaded[name])
        if module.origin is not Origin.USER or grown <= 0:
            continue
        file = head.shown_file(module)
        lines = changed_lines.get(file, ())
        place = Place(file=file, line=lines[0] if lines else 1)
        yield Cause(
            place,
            f"the code at the top of {file} takes longer" + (f", changed at line {lines[0]}" if lines else ""),
            grown,
        )


def _slower_statements(base: Parsed, head: Parsed, changed_lines: Mapping[str, Sequence[int]]) -> Iterable[Cause]:
    """Statements of the DAG file that are new or take longer; where the text is the same, a changed helper may be behind it."""
    before: dict[str, list[OwnTime]] = defaultdict(list)
    for statement in base.statements:
        before[statement.text].append(statement)
    helper = _changed_helper(head, changed_lines)
    for statement in head.statements:
        old = before[statement.text].pop(0) if before[statement.text] else None
        grown = statement.own_ms - (old.own_ms if old is not None else 0.0)
        if grown <= 0:
            continue
        if old is not None and helper is not None and statement.place.line not in changed_lines.get(head.file.path, ()):
            text = f"`{_short(statement.text)}` at line {statement.place.line} takes longer, and {helper} changed"
            yield Cause(helper, text, grown)
        else:
            what = "is new" if old is None else "takes longer"
            text = f"line {statement.place.line} {what} (`{_short(statement.text)}`)"
            yield Cause(statement.place, text, grown)


def _changed_helper(head: Parsed, changed_lines: Mapping[str, Sequence[int]]) -> Place | None:
    """The first changed line of a module of the user's code that this parse loads."""
    for position in head.loaded.values():
        module = head.module(position)
        file = head.shown_file(module)
        if module.origin is Origin.USER and changed_lines.get(file):
            return Place(file=file, line=changed_lines[file][0])
    return None


def _more_work_after_loading(base: Parsed, head: Parsed, changed_lines: Mapping[str, Sequence[int]]) -> Iterable[Cause]:
    """More DAGs and tasks: checking and serialising them comes after the load stage."""
    grown = sum(
        head.file.samples.median(stage) - base.file.samples.median(stage) for stage in ("bag_ms", "serialise_ms")
    )
    dags, tasks = len(head.file.dag_ids) - len(base.file.dag_ids), head.file.task_count - base.file.task_count
    if grown <= 0 or (dags <= 0 and tasks <= 0):
        return
    lines = changed_lines.get(head.file.path, ())
    building = max(head.statements, key=lambda statement: statement.building_ms, default=None)
    at = lines[0] if lines else building.place.line if building is not None else 0
    more = " and ".join(
        f"{number:,} {noun}{'' if number == 1 else 's'}"
        for number, noun in ((dags, "DAG"), (tasks, "task"))
        if number > 0
    )
    where = f" (line {at})" if at else ""
    yield Cause(Place(file=head.file.path, line=at), f"it makes {more} more{where}", grown)


def _more_exact(found: Cause, base: Parsed, head: Parsed) -> Cause:
    """An effect that explains most of it tells the line better, through any depth of calls."""
    known: dict[tuple[str, str], int] = defaultdict(int)
    for effect in base.file.effects:
        known[effect.kind, effect.what] += effect.wall_us or 0
    best: Effect | None = None
    best_ms = 0.0
    for effect in head.file.effects:
        grown = ((effect.wall_us or 0) - known[effect.kind, effect.what]) / 1000
        if effect.kind in _DOES and grown > best_ms:
            best, best_ms = effect, grown
    if best is None or best_ms < 0.5 * found.ms:
        return found
    place = head.shown_place(best.file, best.line)
    what = f" {best.what}" if best.what and best.kind != "sleep" else ""
    return Cause(
        place, f"{_where(place, head)} now {_DOES[best.kind]}{what} ({best_ms:.0f} ms)", max(found.ms, best_ms)
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
