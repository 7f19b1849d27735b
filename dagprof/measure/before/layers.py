"""Shared layers: modules of installed distributions that many DAG files load, imported once for all
of them.

Workers import the layer, and parses in their forks pay only for what is the file's own. The tracing
pass adds the modules of the layer that a file reaches, with the times that the layer's survey
measured, so that the file's parse time is *composed*; see ``composing``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from dagprof.attribution.sources import (
    installed_imports,
    module_names,
    noticing,
    shared_imports,
)
from dagprof.errors import MeasurementError
from dagprof.link.processes.conversation import ConnectionLost
from dagprof.measure import texts
from dagprof.measure.budget import Budget
from dagprof.measure.crew import LAYER_S, Layer, Zygotes
from dagprof.model import Doubt

# With fewer files, and for modules of fewer files, a layer costs more than it saves.
FEWEST_FILES, _LEAST_USERS = 10, 3
# With a time budget, the survey may take this share of what is left.
_BUDGET_SHARE = 0.3
# A guess of how long the import of a package takes that cannot be shared.
_BESIDE_NS = 200_000_000
# A layer whose imports take less than this is not worth its forks.
_WORTH_MS = 50.0


class Survey(NamedTuple):
    """A layer, and what its survey found. ``reach``: what each DAG file imports of the layer, by
    the text of the sources. It lacks files that can notice the layer, which are measured without.
    ``behind_ns``: how long the import of each name alone takes, with all modules that it loads.
    ``beside``: how many packages a DAG file imports that many files import, too, but that cannot be
    shared.
    """

    layer: Layer
    wall_ms: float
    left_out: tuple[tuple[str, str], ...]
    reach: Mapping[Path, frozenset[str]]
    beside: Mapping[Path, int] = {}
    behind_ns: Mapping[str, int] = {}


def surveyed(
    zygotes: Zygotes,
    imports: Mapping[Path, frozenset[str]],
    budget: Budget,
    begins: Callable[[str], object],
) -> Survey | Doubt | None:
    """The modules that many of the files import, and what they cost. None if sharing them is not
    worth it, and a note if it is not possible.

    ``imports`` has what each file imports, see ``imported``. dagprof calls ``begins`` before it
    measures.
    """
    names = shared_imports(imports.values(), _LEAST_USERS)
    if not names or len(imports) < FEWEST_FILES or budget.is_spent:
        return None
    begins("measuring the modules that many DAG files import")
    limit_s = min(LAYER_S, _BUDGET_SHARE * budget.left_s)
    begin = {"survey": names, "worth_ms": _WORTH_MS, "limit_s": limit_s}
    try:
        worker = zygotes.worker("the shared modules", begin)
        try:
            found = worker.surveyed(limit_s)
        finally:
            worker.close()
    except (ConnectionLost, MeasurementError) as error:
        return not_shared(
            str(error) or "the imports of the packages ended the process or took too long"
        )
    if found.wall_ms < _WORTH_MS:
        return None
    layer = Layer(tuple(found.names), found.costs)
    shared = frozenset(found.names)
    reach = {path: names & shared for path, names in imports.items()}
    aside = {name for name, _ in found.left_out}
    beside = {
        path: len({name.partition(".")[0] for name in names & aside})
        for path, names in imports.items()
    }
    return Survey(layer, found.wall_ms, tuple(found.left_out), reach, beside, found.behind_ns)


def not_shared(reason: str) -> Doubt:
    """A note that no parse time is composed, with the reason."""
    text = (
        f"dagprof could not import the shared packages only once ({reason.rstrip('.')}), so each"
        " parse imports all of its packages again."
    )
    return Doubt(code="not-shared", text=text)


def imported(files: Sequence[Path], roots: Sequence[Path]) -> dict[Path, frozenset[str]]:
    """What each DAG file imports of installed distributions, by the text of the sources. It lacks
    files that can notice whether the packages of other files are loaded.

    ``roots`` are the folders with code of the user.
    """
    sources = texts.sources(roots, files)
    pure = [PurePath(root) for root in roots]
    names = {path: module_names(PurePath(path), pure) for path in sources}
    aside = noticing(sources, names, [str(path) for path in files])
    found = installed_imports(
        sources, names, [str(path) for path in files if str(path) not in aside]
    )
    return {Path(path): imports for path, imports in found.items()}


class Varied(NamedTuple):
    """DAG files in an order that shows most causes early: in turns, one file of each set of
    imports. Of these sets, the one that most files have comes first. ``first`` has the first file
    of each set.
    """

    files: tuple[Path, ...]
    first: frozenset[Path]


def varied(files: Sequence[Path], imports: Mapping[Path, frozenset[str]]) -> Varied:
    """Put files in the order of ``Varied``. ``imports`` has what each file imports."""
    groups: dict[frozenset[str] | None, list[Path]] = {}
    for path in files:
        groups.setdefault(imports.get(path), []).append(path)
    place = {
        path: (turn, -len(group)) for group in groups.values() for turn, path in enumerate(group)
    }
    first = frozenset(group[0] for group in groups.values())
    return Varied(tuple(sorted(files, key=place.__getitem__)), first)


def widest(survey: Survey, files: Sequence[Path], most: int) -> list[Path]:
    """The files that load most of the layer: first those that add most to what the files before
    them load, then those that load most.
    """
    cost_ns = costs(survey)
    reach = {path: survey.reach.get(path, frozenset()) for path in files}

    def cost(names: Collection[str]) -> int:
        return sum(cost_ns[name] for name in names)

    chosen: list[Path] = []
    seen: set[str] = set()
    while len(chosen) < most:
        waiting = [path for path in files if path not in chosen and reach[path]]
        if not waiting:
            break
        chosen.append(max(waiting, key=lambda path: (cost(reach[path] - seen), cost(reach[path]))))
        seen |= reach[chosen[-1]]
    return chosen


def loading_ns(survey: Survey) -> dict[Path, int]:
    """About how long each file loads modules that many files load, by the text of the sources."""
    cost_ns = costs(survey)
    return {
        path: sum(survey.behind_ns.get(name, cost_ns[name]) for name in names)
        + _BESIDE_NS * survey.beside.get(path, 0)
        for path, names in survey.reach.items()
    }


def costs(survey: Survey) -> dict[str, int]:
    """The ns of each name of the layer: of the module and of the modules in it."""
    own_ns = survey.layer.costs.own_ns
    return {
        name: sum(ns for each, ns in own_ns.items() if each == name or each.startswith(f"{name}."))
        for name in survey.layer.names
    }
