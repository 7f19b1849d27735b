"""Measures DAG files with a shared layer, and some of them in isolation.

A few files that load most of the layer are measured both ways before the others. They show how much
longer the layer's imports take in a parse than in the survey: the *scale* of the layer. Other files
are measured in isolation afterwards and show the error of the composed times.
"""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import msgspec

from dagprof.config.settings import Depth
from dagprof.link import reading
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.result import Result
from dagprof.measure.before.layers import Survey, not_shared, widest
from dagprof.measure.budget import Budget, within
from dagprof.measure.crew import Crew, Job, Worker
from dagprof.model import Composed, Doubt, Layers, Measured
from dagprof.passes import file
from dagprof.passes.asking import Ask, ParseLimits, Request

# How many files are measured both ways to find the scale of the layer.
_CALIBRATED = 4
# A larger correction would hide an error.
_LEAST_SCALE, _LARGEST_SCALE = 0.7, 1.5
# How many files are measured in isolation, too: this share of them, within these limits.
_CHECKED_SHARE, _FEWEST_CHECKED, _MOST_CHECKED = 0.05, 4, 10
# How often each of them is parsed in isolation.
_CHECKS = 2

Keep = Callable[[Path, Measured], object]


class Composing:
    """Composes the parse times of one scan. ``layered`` parses with the layer, ``alone`` in
    isolation.

    Afterwards, ``composed`` has the files with composed times, ``checked`` those of them that were
    also measured in isolation, and ``doubts`` the reason if nothing could be composed.
    """

    def __init__(self, survey: Survey, layered: Crew, alone: Crew, limits: ParseLimits) -> None:
        self._survey, self._layered, self._alone, self._limits = survey, layered, alone, limits
        self.composed: dict[Path, Measured] = {}
        self.checked: dict[Path, Measured] = {}
        self.doubts: list[Doubt] = []
        self._scale, self._calibrated = 1.0, 0
        self._alone_too: dict[Path, Measured] = {}
        self._worker: Worker | None = None

    def measure(
        self, files: Mapping[str, Path], budget: Budget, keep: Keep, begins: Callable[[str], object]
    ) -> list[Path]:
        """Measure files, by the path in their results. Return those that a parse with a layer
        cannot show.

        ``keep`` receives each result as it comes. Results of a file that come later replace earlier
        ones. dagprof calls ``begins`` before each step.
        """
        begins("measuring the largest shared imports in isolation")
        self._calibrate(files, budget)
        begins("parsing the files with shared packages")
        work = partial(file.measure, limits=self._layered_limits())
        found: set[Path] = set()
        for path, measured in _done(self._layered, files, work, budget):
            if _is_composed(measured):
                found.add(path)
                keep(path, measured)
                if measured.result.composed_ms:
                    self.composed[path] = measured
        begins("checking composed parse times in isolation")
        self._check(files, budget)
        reason = self._contradiction()
        if reason:
            self.doubts.append(not_shared(reason))
            self.composed.clear()
            return list(files.values())
        return [path for path in files.values() if path not in found]

    def _layered_limits(self) -> ParseLimits:
        """Only a tracing pass shows which modules a file reaches."""
        changed: ParseLimits = msgspec.structs.replace(
            self._limits, always_traces=True, layer_scale=self._scale
        )
        return changed

    def _calibrate(self, files: Mapping[str, Path], budget: Budget) -> None:
        """Time the widest files in isolation and with the layer."""
        chosen = set(widest(self._survey, list(files.values()), _CALIBRATED))
        named = {shown: path for shown, path in files.items() if path in chosen}
        self._alone_too.update(self._timed_alone(named, budget))
        work = partial(file.measure, limits=self._layered_limits())
        both = [
            (measured, self._alone_too[path])
            for path, measured in _done(self._layered, named, work, budget)
            if path in self._alone_too and _is_composed(measured)
        ]
        scales = [_scale(*pair) for pair in both if pair[0].result.composed_ms]
        if scales:
            self._calibrated = len(scales)
            self._scale = max(_LEAST_SCALE, min(_LARGEST_SCALE, statistics.median(scales)))

    def _timed_alone(
        self, files: Mapping[str, Path], budget: Budget
    ) -> Iterable[tuple[Path, Measured]]:
        limits: ParseLimits = msgspec.structs.replace(
            self._limits, repeat=_CHECKS, depth=Depth.QUICK, stacks_from_ms=None
        )
        found = _done(self._alone, files, partial(file.measure, limits=limits), budget)
        return ((path, each) for path, each in found if each.result.is_timed)

    def _check(self, files: Mapping[str, Path], budget: Budget) -> None:
        """Time more files in isolation. Those that gave the scale cannot show its error."""
        others = {path: each for path, each in self.composed.items() if path not in self._alone_too}
        chosen = to_check(others)
        named = {shown: path for shown, path in files.items() if path in chosen}
        self.checked.update(self._timed_alone(named, budget))

    def _contradiction(self) -> str:
        """Why no composed result can be trusted: a file behaves differently with the layer."""
        for path, measured in {**self._alone_too, **self.checked}.items():
            if path not in self.composed:
                continue
            mine, theirs = self.composed[path].result, measured.result
            if (mine.status, mine.dag_ids) != (theirs.status, theirs.dag_ids):
                return f"{theirs.path} has other DAGs if other files' packages are loaded"
        return ""

    def asking(self, shown: str, budget: Budget) -> Ask:
        """Ask for plain parses of one file with the layer. Their times include what the layer would
        add. Only one thread uses this worker; ``close`` ends it.
        """
        if self._worker is None:
            self._worker = self._layered.worker(budget)
        worker = self._worker
        asked = within(budget, lambda request: worker.ask(request, shown))
        reached: dict[bytes, Result | None] = {}

        def ask(request: Request) -> Reply:
            request = {**request, "layer_scale": self._scale}
            reply = asked(request)
            key = msgspec.json.encode(request)
            if key not in reached:
                reached[key] = asked({**request, "reach": True}).result
            return reading.composed(reply, reached[key])

        return ask

    def close(self) -> None:
        """End the worker of ``asking``."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def summary(self) -> Layers:
        """What the Run says of its layer: the files with composed times, and those that were
        checked in isolation.
        """
        survey = self._survey
        return Layers(
            names=survey.layer.names,
            modules=len(survey.layer.costs.own_ns),
            wall_ms=round(survey.wall_ms * self._scale, 3),
            files=len(self.composed),
            checked=tuple(
                Composed(
                    path=measured.result.path,
                    composed_ms=round(self.composed[path].result.own_ms, 3),
                    measured_ms=round(measured.result.own_ms, 3),
                )
                for path, measured in self.checked.items()
            ),
            left_out=survey.left_out,
            scale=round(self._scale, 4),
            calibrated=self._calibrated,
        )


def _done(
    crew: Crew,
    files: Mapping[str, Path],
    work: Callable[..., Measured],
    budget: Budget,
) -> Iterable[tuple[Path, Measured]]:
    jobs = [Job(path, work) for path in files.values()]
    return ((files[each.result.path], each) for each in crew.do(jobs, budget))


def _scale(composed: Measured, alone: Measured) -> float:
    """How much longer the layer's imports take in a parse than in the survey."""
    of_layer_ms = composed.result.composed_ms
    return (alone.result.own_ms - (composed.result.own_ms - of_layer_ms)) / of_layer_ms


def _is_composed(measured: Measured) -> bool:
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
        code="composed", text=f"{text} To measure all files in isolation, use --isolation strict."
    )
