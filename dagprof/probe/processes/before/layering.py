"""Surveys the modules of a layer in forks of a worker, and imports them in a worker before it
parses. The parses of this worker find them loaded, see ``parsing.imports.layer``.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial
from itertools import accumulate
from time import perf_counter_ns, process_time_ns
from typing import TYPE_CHECKING, Any, Callable, Collection, Iterable, Mapping, Sequence

from ... import bounds, faults, origin
from ...parsing.experiments import state
from ...parsing.imports import recording
from .. import beside
from .preloading import open_things

if TYPE_CHECKING:
    from ...parsing.imports.layer import Layer
    from ...protocol.rows import TextRow
    from ...protocol.worker import Costs, LayerRequest, Surveyed
    from ...start.collector import Collector

# The survey begins again for each module that cannot be shared.
_MOST_LEFT_OUT = 30
# What the imports of a layer must not change, because other files may depend on it; a subject of
# ``state.snapshot`` and its name.
_SHARED_STATE = {
    "environment variable": "environment variables",
    "signal handler": "signal handlers",
    "root logger": "the root logger",
    "sys.path entry": "sys.path",
    "builtin": "builtins",
    "working directory": "the working directory",
}
# How often all imports are timed with the tracer. Without it, once is enough: files that are parsed
# in isolation show the exact scale.
_TRACED = 3
# Tracing makes imports a few per cent slower. A larger difference is noise.
_LEAST_SCALE, _LARGEST_SCALE = 0.93, 1.02


def survey(names: Sequence[str], collector: Collector, worth_ms: float, limit_s: float) -> Surveyed:
    """Find the modules that a layer can share, and what each of them costs. Without the costs if
    all imports together take less than ``worth_ms``. If ``limit_s`` is short, the modules are timed
    fewer times, and the survey fails if it is too short for that.

    Each step runs in a fork, which starts in the state of a parse. A module is left out if its
    import fails, loads code of the user, changes what other files may notice, or leaves threads,
    sockets or processes behind: a fork would lack or share them.
    """
    ends_ns = perf_counter_ns() + int(limit_s * 1e9)
    usable = list(names)
    left_out: list[TextRow] = []
    for _ in range(_MOST_LEFT_OUT + 1):
        began_ns = perf_counter_ns()
        found = beside.answer(partial(_checked, usable))
        took_ns = perf_counter_ns() - began_ns
        if "failed" in found:
            return {"failed": found["failed"]}
        usable = found["names"]
        left_out += found["left_out"]
        # Each further step imports the same modules, and there are at least two.
        if perf_counter_ns() + 2 * took_ns > ends_ns:
            return {"failed": "the time budget is too short"}
        if found["is_clean"]:
            break
    else:
        return {"failed": "the number of modules that cannot be shared is too large"}
    plain = beside.answer(_as_a_parse(collector, usable, _plain))
    if "failed" in plain:
        return {"failed": plain["failed"]}
    traced: list[Any] = []
    for _ in range(_TRACED if plain["wall_ns"] >= worth_ms * 1e6 else 0):
        if traced and perf_counter_ns() + took_ns > ends_ns:
            break
        found = beside.answer(_as_a_parse(collector, usable, _traced))
        if "failed" in found:
            return {"failed": found["failed"]}
        traced.append(found)
    return {
        "names": usable,
        "left_out": left_out,
        "costs": _costs(traced, plain),
        "behind_ns": traced[0]["behind_ns"] if traced else {},
        "wall_ms": plain["wall_ns"] / 1e6,
    }


def _costs(traced: Sequence[Any], plain: Any) -> Costs:
    """The medians of all rounds with the tracer, scaled to the imports without it."""
    if not traced:
        return {"cpu_share": 1.0, "own_ns": {}, "collections": {}, "took_ns": []}
    own = _medians([row["own_ns"] for row in traced])
    took_ns = _typical([row["took_ns"] for row in traced])
    # Tracing makes imports slower.
    wall_ns = plain["wall_ns"]
    scale = wall_ns / max(1, sum(own.values()) + sum(took_ns))
    scale = max(_LEAST_SCALE, min(_LARGEST_SCALE, scale))
    return {
        "cpu_share": min(1.0, plain["cpu_ns"] / max(1, wall_ns)),
        "own_ns": {bounds.plain(name): int(ns * scale) for name, ns in own.items()},
        "collections": traced[0]["collections"],
        "took_ns": [int(ns * scale) for ns in took_ns],
    }


def _typical(rounds: Sequence[Sequence[int]]) -> list[float]:
    """The time of each collection, from the medians of the sums up to each. A full collection may
    be the tenth in one round and the eleventh in the next. A median of the tenths would lose it.
    """
    sums = [_median(each) for each in zip(*map(accumulate, rounds))]
    return [now - before for now, before in zip(sums, [0, *sums])]


def _median(values: Iterable[float]) -> float:
    # Not from ``statistics``: a parse would find that module loaded.
    ordered = sorted(values)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[-middle - 1]) / 2


def _medians(rows: Sequence[Mapping[str, int]]) -> dict[str, float]:
    names = {name for row in rows for name in row}
    return {name: _median([row[name] for row in rows if name in row]) for name in names}


def _checked(names: Sequence[str]) -> dict[str, Any]:
    """Import one module after another, until one does what a layer must not. It is then left out,
    and the others must be checked again without it. ``is_clean``: there is none.
    """
    usable: list[str] = []
    left_out: list[TextRow] = []
    before = _Conditions()
    at_start = set(sys.modules)
    for number, name in enumerate(names):
        known = set(sys.modules)
        error = _import(name)
        loaded = set(sys.modules) - known
        if error:
            left_out.append([name, error])
        reason = _harm(loaded, before) if loaded else ""
        if reason:
            left_out.append([name, reason])
            return {
                "names": [*usable, *names[number + 1 :]],
                "left_out": left_out,
                "is_clean": False,
            }
        # Another module of the layer may have loaded it.
        if not error and (loaded or (name in sys.modules and name not in at_start)):
            usable.append(name)
    return {"names": usable, "left_out": left_out, "is_clean": True}


class _Conditions:
    """What other files notice of a module that is imported before them."""

    def __init__(self) -> None:
        self.things = open_things()
        state_now = state.snapshot()
        self.state = {subject: state_now.get(subject, {}) for subject in _SHARED_STATE}
        self.state["filters"] = {
            name: "" for name in state_now.get("warnings filter", {}) if name.startswith("('error'")
        }
        random = sys.modules.get("random")
        self.random = random.getstate() if random is not None else None


def _harm(loaded: Collection[str], before: _Conditions) -> str:
    """What new modules did that a layer must not do."""
    if any(map(_is_user, loaded)):
        return "loads code of the DAG folder"
    now = _Conditions()
    kinds = ("threads", "sockets", "processes")
    left = [kind for kind, one, two in zip(kinds, before.things, now.things) if two > one]
    if left:
        return "leaves %s behind" % " and ".join(left)
    for subject, values in now.state.items():
        if values != before.state[subject]:
            return "changes " + _SHARED_STATE.get(subject, "warnings filters")
    if before.random is not None and now.random != before.random:
        return "seeds the random numbers"
    return ""


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
    with recording.Recording() as recorded:
        _import_all(names)
    return {
        "own_ns": recorded.own_ns(),
        "collections": recorded.collections(),
        "took_ns": recorded.took_ns,
        "behind_ns": recorded.behind_ns(names),
    }


def _plain(names: Sequence[str]) -> Mapping[str, object]:
    started, cpu_started = perf_counter_ns(), process_time_ns()
    _import_all(names)
    return {
        "wall_ns": perf_counter_ns() - started,
        "cpu_ns": process_time_ns() - cpu_started,
    }


def _import_all(names: Sequence[str]) -> None:
    for name in names:
        _import(name)


def imported(request: LayerRequest, collector: Collector) -> Layer | None:
    """Import a layer in this process, and settle the collector as the DAG processor's manager does.
    None if there are too many imports to record.
    """
    found = recording.recorded(lambda: _import_all(request["names"]), request)
    collector.settle_preloaded()
    return found
