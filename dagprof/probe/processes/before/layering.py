"""Surveys the modules of a layer in forks of a worker, and imports them in a worker before it
parses. The parses of this worker find them loaded, see ``parsing.imports.layer``.
"""

from __future__ import annotations

import importlib
import sys
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence

from ... import bounds, faults, origin
from ...parsing.imports import layer
from .. import beside
from .preloading import open_things

if TYPE_CHECKING:
    from ...parsing.imports.layer import Layer
    from ...protocol.rows import TextRow
    from ...protocol.worker import LayerRequest, Surveyed
    from ...start.collector import Collector

# How often all imports are timed, with the tracer and without it.
_ROUNDS = 3
# Tracing makes imports a few per cent slower. A larger difference is noise.
_LEAST_SCALE, _LARGEST_SCALE = 0.8, 1.05


def survey(names: Sequence[str], collector: Collector) -> Surveyed:
    """Find the modules that a layer can share, and what each of them costs.

    Each step runs in a fork, which starts in the state of a parse. A module is left out if its
    import fails, loads code of the user, or leaves threads, sockets or processes behind: a fork
    would lack or share them.
    """
    checked = beside.answer(lambda: _checked(names))
    if "failed" in checked:
        return {"failed": checked["failed"]}
    usable: list[str] = checked["names"]
    traced: list[Any] = []
    plain: list[Any] = []
    for _ in range(_ROUNDS if usable else 0):
        for taken, importing in ((traced, _traced), (plain, _plain)):
            found = beside.answer(_as_a_parse(collector, usable, importing))
            if "failed" in found:
                return {"failed": found["failed"]}
            taken.append(found)
    return {"names": usable, "left_out": checked["left_out"], **_costs(traced, plain)}


def _costs(traced: Sequence[Any], plain: Sequence[Any]) -> Surveyed:
    if not traced:
        return {"own_ns": {}, "collecting": 0.0, "wall_ms": 0.0}
    rows = [row["own_ns"] for row in traced]
    own = {
        name: median([row[name] for row in rows if name in row])
        for name in {name for row in rows for name in row}
    }
    own_ns = sum(own.values())
    gc_ns = median([row["gc_ns"] for row in traced])
    wall_ns = median([row["wall_ns"] for row in plain])
    scale = wall_ns / max(1, own_ns + gc_ns)
    scale = max(_LEAST_SCALE, min(_LARGEST_SCALE, scale))
    return {
        "own_ns": {bounds.plain(name): int(ns * scale) for name, ns in own.items()},
        "collecting": gc_ns / max(1, own_ns),
        "wall_ms": wall_ns / 1e6,
    }


def _checked(names: Sequence[str]) -> Surveyed:
    """Import one module after another, and see what each does."""
    usable: list[str] = []
    left_out: list[TextRow] = []
    for name in names:
        known, before = set(sys.modules), open_things()
        reason = _import(name)
        if not reason:
            left = [now - then for now, then in zip(open_things(), before)]
            kinds = ("threads", "sockets", "processes")
            reason = " and ".join(kind for kind, count in zip(kinds, left) if count > 0)
        if not reason and any(_is_user(module) for module in set(sys.modules) - known):
            reason = "loads code of the DAG folder"
        if reason:
            left_out.append([name, reason])
        elif set(sys.modules) - known:
            usable.append(name)
    return {"names": usable, "left_out": left_out}


def _import(name: str) -> str:
    """Import a module, or take a name from one, as a DAG file does. Return why that fails."""
    package, _, part = name.rpartition(".")
    try:
        if package in sys.modules and hasattr(sys.modules[package], part):
            return ""
        importlib.import_module(name)
    except BaseException as error:
        return faults.one_line(error)
    return ""


def _is_user(name: str) -> bool:
    return origin.of_file(getattr(sys.modules.get(name), "__file__", None)) == origin.USER


def _as_a_parse(
    collector: Collector,
    names: Sequence[str],
    importing: Callable[[Sequence[str]], Mapping[str, object]],
) -> Callable[[], Mapping[str, object]]:
    """The same with the collector on, as it is in a parse."""

    def run() -> Mapping[str, object]:
        collector.resume()
        return importing(names)

    return run


def _traced(names: Sequence[str]) -> Mapping[str, object]:
    with layer.Recording() as recording:
        _import_all(names)
    return {"own_ns": recording.own_ns(), "gc_ns": recording.tracer.apart.gc_ns}


def _plain(names: Sequence[str]) -> Mapping[str, object]:
    started = perf_counter()
    _import_all(names)
    return {"wall_ns": int((perf_counter() - started) * 1e9)}


def _import_all(names: Sequence[str]) -> None:
    for name in names:
        _import(name)


def imported(request: LayerRequest, collector: Collector) -> Layer | None:
    """Import a layer in this process, and settle the collector as the DAG processor's manager does.
    None if there are too many imports to record.
    """
    found = layer.recorded(
        lambda: _import_all(request["names"]), request["own_ns"], request["collecting"]
    )
    collector.settle_preloaded()
    return found
