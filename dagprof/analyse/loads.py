"""Sums over the module loads of one file. The functions use plain columns, not tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dagprof.model import Loads, Module, Origin


def depths(loads: Loads) -> list[int]:
    """The number of loads that enclose each load. A parent always comes before its children."""
    result: list[int] = []
    for parent in loads.parent:
        result.append(0 if parent < 0 else result[parent] + 1)
    return result


def package(module: Module) -> str:
    """The top-level package of a module. For a part of Airflow, the result is the first three
    names, because each part is a separate distribution.
    """
    parts = module.name.split(".")
    return ".".join(parts[:3]) if parts[:2] == ["airflow", "providers"] else parts[0]


def group(module: Module, by: str) -> str:
    """The name of the group that contains a module."""
    if by == "module":
        return module.name
    if by == "distribution" and module.distribution:
        return module.distribution
    if by == "distribution" and module.origin is Origin.STDLIB:
        return "standard library"
    return package(module)


def by_group(loads: Loads, keys: Sequence[str]) -> dict[str, tuple[float, float]]:
    """The self time and the cumulative time of each group in one file, in ms. ``keys`` holds the
    group of each module.
    """
    totals: dict[str, list[float]] = {}
    for position, (place, is_outermost) in enumerate(
        zip(loads.module, outermost(loads, keys), strict=True)
    ):
        row = totals.setdefault(keys[place], [0.0, 0.0])
        row[0] += loads.self_us[position] / 1000
        if is_outermost:
            row[1] += loads.cumulative_us[position] / 1000
    return {key: (own, cumulative) for key, (own, cumulative) in totals.items()}


def ms_by_line(loads: Loads) -> dict[int, float]:
    """The cumulative time of the module loads that the DAG file started, in ms, by line of the DAG
    file.
    """
    result: dict[int, float] = {}
    for importer, line, us in zip(loads.importer, loads.line, loads.cumulative_us, strict=True):
        if importer == -1:
            result[line] = result.get(line, 0.0) + us / 1000
    return result


class Lead(NamedTuple):
    """The line of the user's code that leads to a load: ``module`` is a position in
    ``Run.modules``, -1 for the DAG file. ``is_indirect``: the line is no import, but runs code
    that imports, such as a call.
    """

    module: int
    line: int
    is_indirect: bool


def leads(loads: Loads, are_users: Sequence[bool]) -> list[Lead]:
    """The user's line behind each load. Behind a load inside other modules' loads, it is the line
    behind the outermost of these that a user's module or the DAG file began.
    """
    found: list[Lead] = []
    columns = (loads.parent, loads.importer, loads.line, loads.caller_line)
    for parent, importer, line, caller_line in zip(*columns, strict=True):
        around = loads.module[parent] if parent >= 0 else -1
        if importer == -1 or (importer >= 0 and are_users[importer]):
            found.append(Lead(importer, line, is_indirect=False))
        elif around >= 0 and not are_users[around]:
            found.append(found[parent])
        else:
            found.append(Lead(around, caller_line, is_indirect=importer != around))
    return found


def outermost(loads: Loads, keys: Sequence[str]) -> list[bool]:
    """Whether each load is in no other load of its own group. ``keys`` gives the group of each
    module position.
    """
    result: list[bool] = []
    enclosing: list[frozenset[str]] = []
    for place, parent in zip(loads.module, loads.parent, strict=True):
        outside = enclosing[parent] if parent >= 0 else frozenset()
        is_outermost = keys[place] not in outside
        result.append(is_outermost)
        enclosing.append(outside | {keys[place]} if is_outermost else outside)
    return result
