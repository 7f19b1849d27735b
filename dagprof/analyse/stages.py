"""The division of one parse into stages."""

from __future__ import annotations

from typing import NamedTuple

from dagprof.attribution.scale import outermost_ms, scale
from dagprof.model import FileResult, Trace


class LoadSplit(NamedTuple):
    """The three parts of the median load stage, in ms. The sum of the parts is ``load_ms``."""

    imports_ms: float
    gc_ms: float
    top_level_ms: float


def split_load(file: FileResult) -> LoadSplit:
    """The median load stage, divided into imports, garbage collection and other top-level code.

    The shares come from the tracing pass, and dagprof scales them to the uninstrumented parses. A
    garbage collection belongs to no module and no statement, and may have run after the load stage.
    The garbage collection therefore gets at most the time that remains after the imports and the
    own time of the statements. Without a trace, the whole load stage counts as top-level code.
    """
    load_ms = file.samples.median("load_ms")
    trace = file.trace
    if trace is None or not load_ms:
        return LoadSplit(0.0, 0.0, load_ms)
    # The stages are wall times, so each of their parts includes the same share of the wait for a
    # processor.
    imported, factor = outermost_ms(trace), scale(file) * file.parse_ms / (file.own_ms or 1.0)
    imports_ms = min(load_ms, imported * factor)
    rest_ms = load_ms - imports_ms
    gc_ms = min(trace.gc_ms * factor, max(0.0, rest_ms - _own_code_ms(trace, imported) * factor))
    return LoadSplit(imports_ms, gc_ms, rest_ms - gc_ms)


def _own_code_ms(trace: Trace, imported_ms: float) -> float:
    """The minimum time of the outermost statements without their imports."""
    return max(0.0, sum(s.wall_us for s in trace.statements if s.parent < 0) / 1000 - imported_ms)
