"""The real cost of a module, package or distribution: the saving of each file without this module,
package or distribution.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dagprof.analyse.loads import by_group, group
from dagprof.attribution.graph import ImportGraph
from dagprof.attribution.scale import saving_ms
from dagprof.model import FileResult, Run

# The minimum load time of a group in one file. Below it, dagprof does not compute a saving.
SMALLEST_MS = 1.0


def savings_by_group(run: Run, by: str) -> Iterator[tuple[FileResult, dict[str, float]]]:
    """Each traced file, with the saving in ms if the parse loaded no module of a group."""
    keys = [group(module, by) for module in run.modules]
    for file in run.files:
        if file.trace is not None and file.is_timed:
            graph = ImportGraph(file.trace, run.modules, run.import_sets)
            yield file, (alone_by_module if by == "module" else alone_by_group)(file, graph, keys)


def alone_by_module(file: FileResult, graph: ImportGraph, keys: Sequence[str]) -> dict[str, float]:
    """The time of all modules that each module dominates, in ms."""
    per_us = saving_ms(file, 1.0)
    found = ((keys[module], per_us * graph.alone_us(module)) for module in graph.cost_us)
    return {name: ms for name, ms in found if ms >= SMALLEST_MS}


def alone_by_group(file: FileResult, graph: ImportGraph, keys: Sequence[str]) -> dict[str, float]:
    """The time of all modules that a group dominates, in ms."""
    members: dict[str, list[int]] = {}
    per_us = saving_ms(file, 1.0)
    for module in graph.cost_us:
        members.setdefault(keys[module], []).append(module)
    took_ms = by_group(graph.trace.loads, keys)
    asked = {
        name: modules
        for name, modules in members.items()
        if 1000 * per_us * took_ms[name][1] >= SMALLEST_MS
    }
    savings = graph.savings_us(list(asked.values()))
    return {name: per_us * us for name, us in zip(asked, savings, strict=True)}
