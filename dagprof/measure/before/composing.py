"""Measures DAG files with a shared layer, and some of them in isolation.

A few files are timed both ways: half of them load most of the layer, the others are chosen by
chance. They show how much longer the layer's imports take in a parse than in the survey (the median
is the *scale* of the layer) and how far composed times are from isolated ones.
"""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import zip_longest
from pathlib import Path

import msgspec

from dagprof.config.settings import Depth
from dagprof.link import reading
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.result import Result
from dagprof.measure.before.layers import Survey, loading_ns, not_shared, widest
from dagprof.measure.budget import Budget, within
from dagprof.measure.crew import Crew, Job, Worker
from dagprof.model import Composed, Doubt, Layers, Measured
from dagprof.passes import file
from dagprof.passes.asking import Ask, ParseLimits, Request
from dagprof.passes.file import Begun

# A larger correction would hide an error.
_LEAST_SCALE, _LARGEST_SCALE = 0.7, 1.5
# How many files are measured in isolation, too: this share of them, within these limits.
_CHECKED_SHARE, _FEWEST_CHECKED, _MOST_CHECKED = 0.05, 6, 16
# How often each of them is parsed in isolation.
_CHECKS = 2
# In how many parts the files are timed, with files in isolation in between.
_TURNS = 3
# With a time budget: the shares of the time until which the sample is timed, and files are
# composed. Experiments and the other files follow.
_CHECKED_UNTIL, _COMPOSED_UNTIL = 0.35, 0.65

Keep = Callable[[Path, Measured], object]
Work = Callable[[Path, str, Ask], Measured]


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
        self._worker: Worker | None = None

    def measure(
        self, files: Mapping[str, Path], budget: Budget, keep: Keep, begins: Callable[[str], object]
    ) -> list[Path]:
        """Measure files, by the path in their results. Return those that a parse with a layer
        cannot show.

        ``keep`` receives each result as it comes. dagprof calls ``begins`` before each step.
        """
        begins("parsing the files with shared packages")
        results: Iterable[tuple[Path, Measured]]
        if budget.is_limited:
            results = self._one_by_one(files, budget)
        else:
            begun = self._time(files, budget)
            self._calibrate(begun, budget)
            begins("tracing the files with shared packages")
            results = self._traced(begun, budget)
        found: set[Path] = set()
        for path, measured in results:
            if _is_composed(measured):
                found.add(path)
                keep(path, measured)
                if measured.result.composed_ms:
                    self.composed[path] = measured
        reason = self._contradiction()
        if reason:
            self.doubts.append(not_shared(reason))
            self.composed.clear()
            return list(files.values())
        return [path for path in files.values() if path not in found]

    def _one_by_one(
        self, files: Mapping[str, Path], budget: Budget
    ) -> Iterator[tuple[Path, Measured]]:
        """With a time budget, only files that are both timed and traced count. So the sample comes
        first, and then one file after another, those that load most of the layer first.
        """
        names = set(to_check(self._survey, files))
        sample = {name: files[name] for name in files if name in names}
        self.checked.update(self._timed_alone(sample, budget.until(_CHECKED_UNTIL)))
        begun: dict[str, tuple[Path, Begun]] = {}
        self._begin(sample, begun, budget.until(_CHECKED_UNTIL))
        self._calibrate(begun, budget)
        work = partial(file.measure, limits=self._traced_limits())
        jobs = [Job(path, work) for path in self._widest_first(files.values())]
        for measured in self._layered.do(jobs, budget.until(_COMPOSED_UNTIL)):
            yield files[measured.result.path], measured

    def _widest_first(self, paths: Iterable[Path]) -> list[Path]:
        load_ns = loading_ns(self._survey)
        return sorted(paths, key=lambda path: -load_ns.get(path, 0))

    def _time(self, files: Mapping[str, Path], budget: Budget) -> dict[str, tuple[Path, Begun]]:
        """Time all files with the layer, and some of them in isolation, too: before, between and
        after the others, because the machine may change its speed.
        """
        sample = to_check(self._survey, files)
        names = list(files)
        begun: dict[str, tuple[Path, Begun]] = {}
        for turn in range(_TURNS + 1):
            chosen = sample[turn :: _TURNS + 1]
            self.checked.update(self._timed_alone({name: files[name] for name in chosen}, budget))
            size = -(-len(names) // _TURNS)
            part = names[turn * size : (turn + 1) * size]
            self._begin({name: files[name] for name in part}, begun, budget)
        return begun

    def _begin(
        self, files: Mapping[str, Path], begun: dict[str, tuple[Path, Begun]], budget: Budget
    ) -> None:
        """Time files with the layer, and keep in ``begun`` what can be traced."""

        def work(path: Path, shown: str, ask: Ask) -> Measured:
            first = file.begin(path, shown, ask, self._limits)
            if isinstance(first, Measured):
                return first
            begun[shown] = path, first
            return first.passes.measured()

        for _ in self._layered.do([Job(path, work) for path in files.values()], budget):
            pass

    def _timed_alone(
        self, files: Mapping[str, Path], budget: Budget
    ) -> Iterable[tuple[Path, Measured]]:
        limits: ParseLimits = msgspec.structs.replace(
            self._limits, repeat=_CHECKS, depth=Depth.QUICK, stacks_from_ms=None
        )
        jobs = [Job(path, partial(file.measure, limits=limits)) for path in files.values()]
        return (
            (files[each.result.path], each)
            for each in self._alone.do(jobs, budget)
            if each.result.is_timed
        )

    def _calibrate(self, begun: Mapping[str, tuple[Path, Begun]], budget: Budget) -> None:
        """Find the scale from the files that were also timed in isolation."""
        both = {shown: each for shown, each in begun.items() if each[0] in self.checked}
        scales = [
            _scale(measured, self.checked[path])
            for path, measured in self._traced(both, budget)
            if _is_composed(measured) and measured.result.composed_ms
        ]
        if scales:
            self._calibrated = len(scales)
            self._scale = max(_LEAST_SCALE, min(_LARGEST_SCALE, statistics.median(scales)))

    def _traced(
        self, begun: Mapping[str, tuple[Path, Begun]], budget: Budget
    ) -> Iterable[tuple[Path, Measured]]:
        """Trace files that were timed with the layer, those that load most of it first: only a
        trace shows which modules a file reaches.
        """
        limits = self._traced_limits()

        def traces(first: Begun) -> Work:
            # A copy, because the trace for the scale is not that of the result.
            return lambda path, shown, ask: file.finish(path, first.copy(), ask, limits)

        firsts = dict(begun.values())
        jobs = [Job(path, traces(firsts[path])) for path in self._widest_first(firsts)]
        return ((begun[each.result.path][0], each) for each in self._layered.do(jobs, budget))

    def _traced_limits(self) -> ParseLimits:
        """The limits of parses that compose the time of a file."""
        changed: ParseLimits = msgspec.structs.replace(
            self._limits, always_traces=True, layer_scale=self._scale
        )
        return changed

    def _contradiction(self) -> str:
        """Why no composed result can be trusted: a file behaves differently with the layer."""
        for path, measured in self.checked.items():
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

    def summary(self, files: int) -> Layers:
        """What the Run says of its layer: the number of files with composed times, and those that
        were timed in isolation, too.
        """
        survey = self._survey
        return Layers(
            names=survey.layer.names,
            modules=len(survey.layer.costs.own_ns),
            wall_ms=round(survey.wall_ms * self._scale, 3),
            files=files,
            checked=tuple(
                Composed(
                    path=measured.result.path,
                    composed_ms=round(self.composed[path].result.own_ms, 3),
                    measured_ms=round(measured.result.own_ms, 3),
                )
                for path, measured in self.checked.items()
                if path in self.composed
            ),
            left_out=survey.left_out,
            scale=round(self._scale, 4),
            calibrated=self._calibrated,
        )


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


def to_check(survey: Survey, files: Mapping[str, Path]) -> list[str]:
    """The files to time in isolation, too, by the path in their results: half of them load most of
    the layer, and the others are chosen by chance, the same in each run.
    """
    reaching = {shown: path for shown, path in files.items() if survey.reach.get(path)}
    number = max(_FEWEST_CHECKED, min(_MOST_CHECKED, round(_CHECKED_SHARE * len(reaching))))
    wide = set(widest(survey, list(reaching.values()), number // 2))
    others = sorted(
        (shown for shown, path in reaching.items() if path not in wide),
        key=lambda shown: hashlib.sha256(shown.encode("utf-8", "surrogateescape")).digest(),
    )
    first = [shown for shown, path in reaching.items() if path in wide]
    rest = others[: number - len(first)]
    # In turns, so that each part of a scan has some of both.
    return [each for pair in zip_longest(first, rest) for each in pair if each is not None]


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
