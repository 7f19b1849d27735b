"""The rules that need no statistics. Each rule compares two traced parses, or one parse with a
limit. Repeated runs give the same result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from dagprof.config.policy import Level, Rule
from dagprof.gate.case import Case, Found
from dagprof.gate.parsed import Parsed
from dagprof.gate.precedents import Precedent
from dagprof.gate.verdict import Finding
from dagprof.model import Place
from dagprof.model.effects import EffectGroup, groups_with_rule, kinds_of
from dagprof.quantities import count, parse_duration_ms, parse_share

_SHOWN = 5


def findings(case: Case) -> tuple[Finding, ...]:
    """The findings of all rules, with the levels that the limits set. Rules with the level ``off``
    do not run.
    """
    return judged(case)[0]


def judged(case: Case) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings and the notes of all rules. A note is a result that does not count as a finding,
    because other DAG files already have the same result.
    """
    asked = _RULES if case.is_traced else _WITHOUT_TRACE
    rows = [
        (rule, found)
        for rule, look in asked.items()
        if case.limits.rules[rule] is not Level.OFF
        for found in look(case)
    ]
    if case.base_broke_off:
        rows = [
            (rule, found._replace(is_note=True) if rule in _COMPARING else found)
            for rule, found in rows
        ]
    return (
        tuple(_finding(rule, found, case) for rule, found in rows if not found.is_note),
        tuple(found.message for _, found in rows if found.is_note),
    )


def _finding(rule: Rule, found: Found, case: Case) -> Finding:
    return Finding(
        rule=rule,
        level=case.limits.rules[rule],
        path=case.path,
        file=found.place.file,
        line=found.place.line,
        message=found.message,
    )


def _import_error(case: Case) -> Iterable[Found]:
    file = case.head.file
    is_lost = case.base is not None and file.has_lost_dags(case.base.file)
    if not (is_lost or (file.status.is_broken and (case.every_failure or case.base is None))):
        return
    failure = file.failures[0] if file.failures else None
    place = (
        case.head.shown_place(failure.file, failure.line)
        if failure is not None
        else Place(file=file.path, line=0)
    )
    base = case.base.file if case.base is not None else None
    if case.every_failure:
        why = (
            f": {file.why_no_dags.rstrip('.')}"
            if file.status.is_broken
            else ", but produced DAGs in the baseline"
        )
        yield Found(place, f"{file.path} {file.missing(base)}{why}")
        return
    if base is None:
        since = f"is new and {file.missing()}"
    elif file.dag_ids:
        since = file.missing(base)
    else:
        since = "no longer produces DAGs"
    yield Found(place, f"{file.path} {since}: {file.why_no_dags}")


def _forbidden(case: Case) -> Iterable[Found]:
    forbidden, allowed = case.limits.forbid or (), case.limits.allow
    told = set()
    for name, position in case.head.packages.items():
        if _is_listed(case.head, name, position, forbidden):
            place = case.head.blamed(position)
            told.add((name, place))
            yield Found(
                place, f"{case.path} loads {name}, which is forbidden{_way(case.head, position)}"
            )
    for name, (position, place) in case.head.asked_for.items():
        is_forbidden = _is_listed(case.head, name, position, forbidden)
        if is_forbidden and (name, place) not in told:
            yield Found(place, f"{case.path} imports {name}, which is forbidden")
        if (
            not is_forbidden
            and allowed is not None
            and not _is_listed(case.head, name, position, allowed)
        ):
            yield Found(place, f"{case.path} imports {name}, which is not an allowed package")


def _is_listed(head: Parsed, name: str, position: int, listed: Iterable[str]) -> bool:
    """Whether a list contains a package or the distribution of this package."""
    listed = tuple(listed)
    return any(
        _is_named(each, listed) for each in {name, head.module(position).distribution} - {""}
    )


def _is_asked_for(head: Parsed, name: str, position: int) -> bool:
    """Whether an import statement of the user's code names a package."""
    way = head.way(position)
    return bool(way) and (way[-1].module == name or way[-1].module.startswith(name + "."))


def _is_named(name: str, listed: Iterable[str]) -> bool:
    plain = name.lower().replace("-", "_")
    return any(
        plain == other or plain.startswith(other + ".")
        for other in (each.lower().replace("-", "_") for each in listed)
    )


def _new_package(case: Case) -> Iterable[Found]:
    """Packages that the base did not load. The rule creates one finding for each line that loads
    new packages.
    """
    known = case.base.packages if case.base is not None else {}
    rows: dict[tuple[Place, Precedent | None], list[str]] = {}
    for name, position in case.head.packages.items():
        # For a new file, only imports in its own code are news. The packages that its operators
        # load come with every file that uses them.
        is_news = case.base is not None or (
            name.partition(".")[0] != "airflow" and _is_asked_for(case.head, name, position)
        )
        if name not in known and is_news:
            place = case.head.blamed(position)
            precedent = case.precedents.of_module(case.path, case.head.module(position).name, place)
            rows.setdefault((place, precedent), []).append(name)
    for (place, precedent), names in rows.items():
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        verb = "now loads" if case.base is not None else "is new and loads"
        text = f"{case.path} {verb} {', '.join(names[:_SHOWN])}{more}"
        if precedent is not None:
            yield Found(place, f"{text}. {precedent}", is_note=True)
        else:
            yield Found(place, text + _way(case.head, case.head.packages[names[0]]))


def _new_modules(case: Case) -> Iterable[Found]:
    if case.base is None or case.limits.new_modules is None:
        return
    before, after = len(case.base.loaded), len(case.head.loaded)
    if after - before <= case.limits.new_modules:
        return
    new = {
        name: case.head.blamed(position)
        for name, position in case.head.loaded.items()
        if name not in case.base.loaded
    }
    precedents = {
        name: case.precedents.of_module(case.path, name, place) for name, place in new.items()
    }
    shared = Counter(precedent for precedent in precedents.values() if precedent is not None)
    text = f"{case.path} now loads {after:,} modules, up from {before:,}"
    if after - before - shared.total() <= case.limits.new_modules:
        told, number = shared.most_common(1)[0]
        place = next(new[name] for name, precedent in precedents.items() if precedent == told)
        use = "use" if len(told.paths) > 1 else "uses"
        origin = f"an import at {told.place} that {told.others} already {use}"
        come = "comes" if number == 1 else "come"
        yield Found(
            place, f"{text}. {number:,} of the new modules {come} from {origin}", is_note=True
        )
        return
    places = Counter(place for name, place in new.items() if precedents[name] is None)
    yield Found(
        places.most_common(1)[0][0],
        f"{text}. The limit is {count(case.limits.new_modules, 'additional module')}",
    )


def _way(head: Parsed, position: int) -> str:
    """The import chain, such as `` (dags/a.py:3 → common/db.py:7)``. Empty if no helper is in the
    chain.
    """
    places = [str(link.place) for link in head.way(position)]
    return f" ({' → '.join(places)})" if len(places) > 1 else ""


def _accesses(kind: str, noun: str) -> Callable[[Case], Iterable[Found]]:
    def look(case: Case) -> Iterable[Found]:
        known = (
            {a.key for a in case.base.file.accesses if a.kind == kind}
            if case.base is not None
            else set()
        )
        seen: set[str] = set()
        for access in case.head.file.accesses:
            if access.kind == kind and access.key not in known | seen:
                seen.add(access.key)
                place = case.head.shown_place(access.file, access.line)
                text = f"{case.path} reads the {noun} {access.key!r} in every parse"
                precedent = case.precedents.of_access(case.path, kind, access.key, place)
                if precedent is not None:
                    yield Found(place, f"{text}. {precedent}", is_note=True)
                else:
                    yield Found(
                        place,
                        text
                        + _advised(case.head, place, f"read the {noun} in a task or a template"),
                    )

    return look


def _effects(group: EffectGroup) -> Callable[[Case], Iterable[Found]]:
    def look(case: Case) -> Iterable[Found]:
        places: dict[tuple[Place, Precedent | None], list[str]] = {}
        for effect in case.head.new_effects(case.base, kinds_of(group)):
            place = case.head.shown_place(effect.file, effect.line)
            precedent = case.precedents.of_effect(case.path, effect.kind, effect.what, place)
            places.setdefault((place, precedent), []).append(effect.what)
        for (place, precedent), whats in places.items():
            shown = ", ".join(dict.fromkeys(what for what in whats if what)) or "unknown target"
            text = f"{case.path} {group.does} during parsing ({shown[:200]})"
            if precedent is not None:
                yield Found(place, f"{text}. {precedent}", is_note=True)
            else:
                yield Found(place, text + _advised(case.head, place, group.advice))

    return look


def _advised(head: Parsed, place: Place, advice: str) -> str:
    """The advice for an effect. If an import of a library has the effect, a task cannot perform the
    effect. The import itself can move into a function.
    """
    named = head.imports.get(place)
    if named is None:
        return f". {advice[:1].upper()}{advice[1:]}"
    if all(name.partition(".")[0] == "airflow" for name in named):
        return f". The import at {place} is the cause"
    return (
        f". The import at {place} is the cause. Move this import into the functions that use the"
        " imported code"
    )


def _unstable(case: Case) -> Iterable[Found]:
    """DAGs whose fields differ between parses, and DAGs that exist only in some parses. Differences
    that the base also has do not count.
    """
    base = case.base.file.instabilities if case.base is not None else ()
    known = {found.is_existence for found in base}
    new = [found for found in case.head.file.instabilities if (found.is_existence) not in known]
    place = Place(file=case.path, line=0)
    coming = list(dict.fromkeys(found.dag_id for found in new if found.is_existence))
    if coming:
        more = f" and {len(coming) - _SHOWN} more" if len(coming) > _SHOWN else ""
        named = f"the DAG{'s' if len(coming) > 1 else ''} {', '.join(coming[:_SHOWN])}{more}"
        yield Found(
            place,
            f"{case.path} defines {named} in only some parses. Airflow repeatedly removes"
            f" and adds {'this DAG' if len(coming) == 1 else 'these DAGs'}",
        )
    for found in [found for found in new if not found.is_existence][:1]:
        differs = (
            f"in the DAG {found.dag_id}, the field {found.field} differs between parses. First"
            f" value: {found.first}. Second value: {found.second}"
        )
        yield Found(place, f"{differs}. Airflow 3 stores each variant as a new DAG version")


def _timeout(case: Case) -> Iterable[Found]:
    if not case.timeout_ms or case.limits.timeout_share is None:
        return
    share = parse_share(case.limits.timeout_share)
    least = _least_ms(case)
    if least > share * case.timeout_ms:
        yield Found(
            Place(file=case.path, line=0),
            f"{case.path} takes {least / 1000:.1f} s to parse, which is close to Airflow's import "
            f"timeout of {case.timeout_ms / 1000:.0f} s",
        )


def _budget(case: Case) -> Iterable[Found]:
    if case.limits.budget is None:
        return
    least = _least_ms(case)
    if least > parse_duration_ms(case.limits.budget):
        yield Found(
            Place(file=case.path, line=0),
            f"{case.path} takes at least {least:.0f} ms to parse, which exceeds the budget of"
            f" {case.limits.budget}",
        )


def _least_ms(case: Case) -> float:
    """The fastest parse without the time that it waited for a CPU. Other processes on the machine
    therefore do not matter.
    """
    return min(case.head.file.samples.own_ms, default=0.0)


_EFFECT_RULES = {Rule(group.rule): _effects(group) for group in groups_with_rule()}
_RULES: dict[Rule, Callable[[Case], Iterable[Found]]] = {
    Rule.IMPORT_ERROR: _import_error,
    Rule.FORBIDDEN_PACKAGE: _forbidden,
    Rule.NEW_PACKAGE: _new_package,
    Rule.NEW_MODULES: _new_modules,
    Rule.NEW_VARIABLE: _accesses("variable", "Variable"),
    Rule.NEW_CONNECTION: _accesses("connection", "Connection"),
    **_EFFECT_RULES,
    Rule.UNSTABLE_DAG: _unstable,
    Rule.TIMEOUT: _timeout,
    Rule.BUDGET: _budget,
}
# Rules that find nothing if the trace of the base is missing or incomplete, because then nothing is
# known to be new.
_TRACED = (Rule.NEW_PACKAGE, Rule.NEW_MODULES, *_EFFECT_RULES)
_WITHOUT_TRACE = {rule: look for rule, look in _RULES.items() if rule not in _TRACED}
# Rules that need no trace. A base that failed early might have done the same later.
_COMPARING = (Rule.NEW_VARIABLE, Rule.NEW_CONNECTION, Rule.UNSTABLE_DAG)
