"""The imports of all files: the treemap of import times, and the table of distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagprof.analyse.frames import imports_frame, records
from dagprof.analyse.loads import Lead, group, leads, outermost, package
from dagprof.attribution.candidates import shown_path
from dagprof.attribution.scale import saving_ms
from dagprof.model import Origin, Run
from dagprof.report.escape import safe_text

# The treemap draws modules below this share of all self time as one.
SMALLEST_SHARE = 0.0004
TABLE_ROWS = 200
SHOWN_IMPORTERS = 5


def modules(run: Run, groups: Sequence[int]) -> Mapping[str, object]:
    """The modules that the views of files refer to: name, distribution, and whether the module is
    the user's own code.
    """
    return {
        "name": [safe_text(module.name, 120) for module in run.modules],
        "group": list(groups),
        "is_own": [int(module.origin is Origin.USER) for module in run.modules],
    }


def shown_groups(names: Sequence[str]) -> list[str]:
    """The names of the distributions in a safe form."""
    return [safe_text(name, 80) for name in names]


def groups_of(run: Run) -> tuple[list[str], list[int]]:
    """The distributions, and for each module the position of the distribution in this list."""
    keys = [group(module, "distribution") for module in run.modules]
    names = list(dict.fromkeys(keys))
    place = {name: number for number, name in enumerate(names)}
    return names, [place[key] for key in keys]


def treemap(run: Run) -> list[Any]:
    """The tree of distributions, packages and modules. Each node has a name, the self time over all
    files in ms, and children. The largest node comes first.
    """
    own_ms = [0.0] * len(run.modules)
    for file in run.files:
        if file.trace is not None:
            per_us = saving_ms(file, 1.0)
            for place, us in zip(file.trace.loads.module, file.trace.loads.self_us, strict=True):
                own_ms[place] += per_us * us
    smallest_ms = SMALLEST_SHARE * sum(own_ms)
    tree: dict[str, dict[str, dict[str, float]]] = {}
    for module, ms in zip(run.modules, own_ms, strict=True):
        if ms:
            name = module.name if ms >= smallest_ms else "smaller modules"
            inside = tree.setdefault(group(module, "distribution"), {}).setdefault(
                package(module), {}
            )
            inside[name] = inside.get(name, 0.0) + ms
    return _branches(tree)


def _branches(tree: Mapping[str, Any]) -> list[Any]:
    found = []
    for name, inside in tree.items():
        if isinstance(inside, float):
            found.append([safe_text(name, 120), round(inside, 2), []])
        else:
            below = _branches(inside)
            found.append([safe_text(name, 120), round(sum(each[1] for each in below), 2), below])
    return sorted(found, key=lambda each: (-each[1], each[0]))


def table(run: Run, alone_ms: Mapping[str, float]) -> list[dict[str, object]]:
    """The slowest distributions. ``alone_ms`` is the time that all files would save if they loaded
    no module of the distribution.
    """
    importers = _importers(run)
    return [
        {
            "name": safe_text(str(row["name"]), 80),
            "version": safe_text(run.environment.distributions.get(str(row["name"]), ""), 40),
            "origin": (
                {"user": "your code", "stdlib": "standard library"}.get(
                    str(row["origin"]), "installed"
                )
            ),
            "files": int(row["files"]),
            "total": round(float(row["cumulative_ms"]), 2),
            "own": round(float(row["self_ms"]), 2),
            "largest": round(float(row["largest_ms"]), 2),
            "alone": round(alone_ms[str(row["name"])], 2) if str(row["name"]) in alone_ms else None,
            "importers": importers.get(str(row["name"]), []),
        }
        for row in records(imports_frame(run, by="distribution").head(TABLE_ROWS))
    ]


def _importers(run: Run) -> dict[str, list[list[object]]]:
    """For each distribution, the lines of the user's code that lead to loads of the distribution.
    Each row has the place, the number of files, and the total time in ms. A line can be an import
    or a call.
    """
    keys = [group(module, "distribution") for module in run.modules]
    are_users = [module.origin is Origin.USER for module in run.modules]
    files = [safe_text(shown_path(module.file, run.root), 120) for module in run.modules]
    found: dict[str, dict[str, dict[str, float]]] = {}
    for file in run.files:
        if file.trace is None:
            continue
        loads, per_us = file.trace.loads, saving_ms(file, 1.0)
        shown = safe_text(file.path)
        for module, lead, is_outermost, us in zip(
            loads.module,
            leads(loads, are_users),
            outermost(loads, keys),
            loads.cumulative_us,
            strict=True,
        ):
            if not is_outermost:
                continue
            place = _place(shown if lead.module == -1 else files[lead.module], lead)
            by_file = found.setdefault(keys[module], {}).setdefault(place, {})
            by_file[file.path] = by_file.get(file.path, 0.0) + per_us * us
    return {name: _most(places) for name, places in found.items()}


def _place(file: str, lead: Lead) -> str:
    line = f":{lead.line}" if lead.line else ""
    return f"{file}{line}{', indirectly' if lead.is_indirect else ''}"


def _most(places: Mapping[str, Mapping[str, float]]) -> list[list[object]]:
    rows = [(place, len(by_file), sum(by_file.values())) for place, by_file in places.items()]
    ranked = sorted(rows, key=lambda row: (-row[2], row[0]))
    return [[place, files, round(ms, 1)] for place, files, ms in ranked[:SHOWN_IMPORTERS]]
