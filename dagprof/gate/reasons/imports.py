"""Causes of a slow-down: modules that only the new version loads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from dagprof.gate.parsed import Link, Parsed
from dagprof.gate.tied import Cause, Changed, changed_instead, new_calls, where
from dagprof.model import Module, Origin, Place


def new_imports(base: Parsed, head: Parsed, changed: Changed) -> Iterable[Cause]:
    """Modules that only the new version loads. The modules are grouped by the first new link in
    their import chain.
    """
    known = {link for position in base.loaded.values() for link in map(_key, base.way(position))}
    # A module that a statement named but did not load was loaded before the parse began.
    known |= {(place.file, name, False) for place, names in base.imports.items() for name in names}
    calls = new_calls(base, head, changed)
    groups: dict[Place, list[tuple[Link, int, float]]] = defaultdict(list)
    unmoved: list[tuple[Link, int, float]] = []
    for name, position in head.loaded.items():
        way = head.way(position)
        if name in base.loaded or not way:
            continue
        new = (
            link
            for link in way
            if (link.place in calls if link.is_call else _key(link) not in known)
        )
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
        instead = changed_instead(place, head, changed)
        yield Cause(place, text, past, sum(ms for _, _, ms in rows)).naming(instead)


def _no_longer_pre_imported(
    base: Parsed, head: Parsed, rows: Sequence[tuple[Link, int, float]]
) -> Cause:
    """Modules that the DAG processor imported before it forked, and that each parse now loads. No
    line of this parse changed.
    """
    gone = sorted(base.pre_imported - head.pre_imported)
    loaded = [name for name in gone if name in head.loaded] or gone
    names = ", ".join(loaded[:2]) + (f" and {len(loaded) - 2} more" if len(loaded) > 2 else "")
    link = max(rows, key=lambda row: row[2])[0]
    text = (
        f"{where(link.place, head)} now loads `{link.module}` in every parse. Before the change,"
        f" the DAG processor loaded {names} before it forked, because a DAG file imported {names}"
    )
    past = f"the DAG processor did not preload {names}"
    return Cause(Place(file=head.file.path, line=0), text, past, sum(ms for _, _, ms in rows))


def _key(link: Link) -> tuple[str, str, bool]:
    return link.place.file, link.module, link.is_call


def _loads_now(
    place: Place, rows: Sequence[tuple[Link, int, float]], head: Parsed
) -> tuple[str, str]:
    """``line 7 now imports `common.frames`, which loads pandas``, and the same sentence in the past
    tense. The sentence names the slowest module that the line loads.
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
    users = {
        head.module(position).name
        for _, position, _ in rows
        if head.module(position).origin is Origin.USER
    }
    now = past = ""
    if most not in (asked.module, asked.module.partition(".")[0]):
        now, past = f", which loads {most}", f", which loaded {most}"
    elif most in users and by_code[most] >= 0.5 * sum(by_link.values()):
        now, past = (
            ", whose own code takes most of the added time",
            ", whose own code took most of that time",
        )
    at = where(place, head)
    does, did = ("now calls into", "called into") if asked.is_call else ("now imports", "imported")
    return f"{at} {does} `{asked.module}`{now}", f"{at} {did} `{asked.module}`{past}"


def _code(module: Module) -> str:
    """The name under which a module's time counts. For the user's code, this is the module. For all
    other code, this is the top-level package.
    """
    return module.name if module.origin is Origin.USER else module.name.partition(".")[0]
