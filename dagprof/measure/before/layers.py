"""Shared layers: modules of installed distributions that many DAG files load, imported once for all
of them.

Workers import the layer, and parses in their forks pay only for what is the file's own. The tracing
pass adds the modules of the layer that a file reaches, with the times that the layer's survey
measured, so that the file's parse time is *composed*. A sample of the files is measured in
isolation, too, and shows the error of composing.
"""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

import msgspec

from dagprof.attribution.sources import module_names, shared_imports
from dagprof.config.settings import Depth
from dagprof.errors import MeasurementError
from dagprof.link.processes.conversation import ConnectionLost
from dagprof.measure import texts
from dagprof.measure.budget import Budget
from dagprof.measure.crew import LAYER_S, Layer, Zygotes
from dagprof.model import Composed, Doubt, Layers, Measured
from dagprof.passes.asking import ParseLimits

# With fewer files, and for modules of fewer files, a layer costs more than it saves.
_FEWEST_FILES, _LEAST_USERS = 10, 3
# A layer whose imports take less than this is not worth its forks.
_WORTH_MS = 50.0
# How many files are measured in isolation, too: this share of them, within these limits.
_CHECKED_SHARE, _FEWEST_CHECKED, _MOST_CHECKED = 0.05, 4, 12
# How often each of them is parsed in isolation.
_CHECKS = 2


class Survey(NamedTuple):
    """A layer, and what its survey found."""

    layer: Layer
    wall_ms: float
    left_out: tuple[tuple[str, str], ...]


def surveyed(
    zygotes: Zygotes,
    files: Sequence[Path],
    roots: Sequence[Path],
    budget: Budget,
    begins: Callable[[str], object],
) -> Survey | Doubt | None:
    """The modules that many of the files import, and what they cost. None if sharing them is not
    worth it, and a note if it is not possible.

    ``roots`` are the folders with code of the user. dagprof calls ``begins`` before it measures.
    """
    if len(files) < _FEWEST_FILES:
        return None
    names = _candidates(files, roots)
    if not names or budget.is_spent:
        return None
    begins("measuring the modules that many DAG files import")
    try:
        worker = zygotes.worker("the shared modules", {"survey": names})
        try:
            found = worker.surveyed(min(LAYER_S, budget.left_s))
        finally:
            worker.close()
    except (ConnectionLost, MeasurementError) as error:
        return _not_shared(str(error) or "their imports ended the process or took too long")
    if found.wall_ms < _WORTH_MS:
        return None
    layer = Layer(tuple(found.names), found.costs)
    return Survey(layer, found.wall_ms, tuple(found.left_out))


def _not_shared(reason: str) -> Doubt:
    text = (
        f"dagprof could not share the packages of the DAG files ({reason.rstrip('.')}), so each"
        " parse imports all of its packages."
    )
    return Doubt(code="not-shared", text=text)


def _candidates(files: Sequence[Path], roots: Sequence[Path]) -> list[str]:
    sources = texts.sources(roots, files)
    pure = [PurePath(root) for root in roots]
    names = {path: module_names(PurePath(path), pure) for path in sources}
    return shared_imports(sources, names, [str(path) for path in files], _LEAST_USERS)


def limits(ordinary: ParseLimits) -> ParseLimits:
    """The limits of parses with a layer: only a tracing pass shows which modules a file reaches."""
    changed: ParseLimits = msgspec.structs.replace(ordinary, always_traces=True)
    return changed


def check_limits(ordinary: ParseLimits) -> ParseLimits:
    """The limits of the parses that check a composed time: a few, and nothing but the time."""
    changed: ParseLimits = msgspec.structs.replace(
        ordinary, repeat=_CHECKS, depth=Depth.QUICK, stacks_from_ms=None
    )
    return changed


def contradiction(
    composed: Mapping[Path, Measured], checked: Mapping[Path, Measured]
) -> Doubt | None:
    """A note if a file behaves differently with the layer. Then no composed result can be
    trusted.
    """
    for path, measured in checked.items():
        mine, theirs = composed[path].result, measured.result
        if (mine.status, mine.dag_ids) != (theirs.status, theirs.dag_ids):
            return _not_shared(f"{theirs.path} has other DAGs if other files' packages are loaded")
    return None


def is_composed(measured: Measured) -> bool:
    """Whether a parse with a layer gave all that a parse without one would give. A file that fails
    may do so because of the layer.
    """
    result = measured.result
    return result.is_timed and result.trace is not None and not result.status.is_failure


def to_check(results: Mapping[Path, Measured]) -> list[Path]:
    """The files to measure in isolation, too: the slowest, and others by chance, the same in each
    run.
    """
    share = round(_CHECKED_SHARE * len(results))
    number = max(_FEWEST_CHECKED, min(_MOST_CHECKED, share))
    slowest = sorted(results, key=lambda path: -results[path].result.own_ms)
    others = sorted(
        slowest[number // 2 :],
        key=lambda path: hashlib.sha256(results[path].result.path.encode("utf-8")).digest(),
    )
    return [*slowest[: number // 2], *others[: number - number // 2]]


def summary(
    survey: Survey, composed: Mapping[Path, Measured], checked: Mapping[Path, Measured]
) -> Layers:
    """What the Run says of its layer: the files with composed times, and those that were checked in
    isolation.
    """
    return Layers(
        names=survey.layer.names,
        modules=len(survey.layer.costs.own_ns),
        wall_ms=round(survey.wall_ms, 3),
        files=len(composed),
        checked=tuple(
            Composed(
                path=measured.result.path,
                composed_ms=round(composed[path].result.own_ms, 3),
                measured_ms=round(measured.result.own_ms, 3),
            )
            for path, measured in checked.items()
            if measured.result.is_timed
        ),
        left_out=survey.left_out,
    )


def doubt(layers: Layers, files: int) -> Doubt:
    """The note on composed parse times."""
    packages = list(dict.fromkeys(name.partition(".")[0] for name in layers.names))
    shown = ", ".join(packages[:3]) + (f" and {len(packages) - 3} more" if packages[3:] else "")
    text = (
        f"{layers.files} of {files} parse times are composed: dagprof imported the shared packages"
        f" ({shown}) once and added their time."
    )
    errors = [
        abs(each.composed_ms / each.measured_ms - 1)
        for each in layers.checked
        if each.measured_ms > 0
    ]
    if errors:
        text += (
            f" In {len(errors)} files that dagprof also measured in isolation, the composed time"
            f" differs by {statistics.median(errors):.1%} (median) and at most {max(errors):.1%}."
        )
    return Doubt(
        code="composed", text=f"{text} To measure all files in isolation, use --isolation fork."
    )
