"""Call stacks of one parse, sampled by pyinstrument.

The target interpreter need not have it: the package that dagprof itself uses is then loaded by path, in this child only.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import types
from typing import Any

INTERVAL_S = 0.001
SMALLEST_SHARE = 0.01
_COMPILED = "pyinstrument.low_level.stat_profile"
_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def load_profiler(folder: str | None) -> Any:
    """pyinstrument's ``Profiler`` class, from the target's own installation or from ``folder``.

    :raises ImportError: when neither has one that works here.
    """
    try:
        package = importlib.import_module("pyinstrument")
    except ImportError:
        if not folder:
            raise
        package = _load_from(folder)
    return package.Profiler


def _load_from(folder: str) -> Any:
    init = os.path.join(folder, "__init__.py")
    spec = importlib.util.spec_from_file_location("pyinstrument", init, submodule_search_locations=[folder])
    if spec is None or spec.loader is None:
        raise ImportError("pyinstrument cannot be loaded from " + folder)
    package = sys.modules["pyinstrument"] = importlib.util.module_from_spec(spec)
    if importlib.util.find_spec(_COMPILED) is None:
        sys.modules[_COMPILED] = _pure_sampler()
    spec.loader.exec_module(package)
    return package


def _pure_sampler() -> Any:
    """pyinstrument's sampler in Python, for an interpreter that the compiled one was not built for."""
    pure = importlib.import_module(_COMPILED + "_python")
    module: Any = types.ModuleType(_COMPILED)
    module.setstatprofile = pure.setstatprofile
    module.get_frame_info = pure.get_frame_info
    module.measure_timing_overhead = lambda: {"walltime": 0.0}
    module.walltime_coarse_resolution = lambda: None
    return module


def tree(profiler: Any) -> dict[Any, Any] | None:
    """The sampled tree: function, file, line, milliseconds, children of at least one per cent; the probe's frames left out."""
    root = profiler.last_session.root_frame()
    if root is None or root.time <= 0:
        return None
    children = _nodes([root], root.time * SMALLEST_SHARE)
    return {"function": "parse", "file": "", "line": 0, "wall_ms": _ms(root), "children": children}


def _nodes(frames: list[Any], smallest: float) -> list[Any]:
    nodes: list[Any] = []
    for frame in frames:
        if frame.time < smallest or frame.is_synthetic:
            continue
        children = _nodes(frame.children, smallest)
        file = frame.file_path or ""
        if file.startswith(_HERE):
            nodes += children
        else:
            line = frame.line_no or 0
            nodes.append(
                {"function": frame.function, "file": file, "line": line, "wall_ms": _ms(frame), "children": children}
            )
    return nodes


def _ms(frame: Any) -> float:
    return round(frame.time * 1000, 3)
