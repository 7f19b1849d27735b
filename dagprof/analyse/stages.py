"""Where the time of one parse goes."""

from __future__ import annotations

from dagprof.analyse.loads import outermost_ms
from dagprof.model import FileResult


def split_load(file: FileResult) -> tuple[float, float]:
    """Imports and other top-level code of the median load stage, in ms.

    The shares are those of the tracing pass, which is slower, so they are scaled to the uninstrumented load stage.
    """
    load_ms = file.samples.median("load_ms")
    if file.trace is None or not load_ms:
        return 0.0, load_ms
    imported = outermost_ms(file.trace.loads)
    traced = max(file.trace.wall_ms - file.trace.compile_ms, imported, 0.001)
    scale = min(1.0, file.samples.median("wall_ms") / traced)
    imports_ms = min(load_ms, imported * scale)
    return imports_ms, load_ms - imports_ms
