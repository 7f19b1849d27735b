"""Measures DAG files with a shared layer, and some of them in isolation.

A sample of the files is timed both ways before the others: half of it are files that load most of
the layer, the others are chosen by chance. The sample shows how much longer the layer's imports
take in a parse than in the survey (the *scale* of the layer, see ``scales``) and how far composed
times are from isolated ones. A file of the sample that behaves differently with the layer ends the
composing.
"""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import zip_longest
from pathlib import Path

import msgspec

from dagprof.config.settings import Depth
from dagprof.link import reading
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.result import Result
from dagprof.link.processes.conversation import ConnectionLost
from dagprof.measure.before.layers import Survey, costs, loading_ns, not_shared, widest
from dagprof.measure.before.scales import Scales
from dagprof.measure.budget import Budget, within
from dagprof.measure.crew import TWICE, Crew, Job, Worker, twice
from dagprof.model import COMPOSED, Composed, Doubt, FileResult, Layers, Measured, Samples
from dagprof.passes import file
from dagprof.passes.asking import Ask, ParseLimits, Request
from dagprof.quantities import count

# A larger correction would hide an error.
_LEAST_SCALE, _LARGEST_SCALE = 0.6, 1.7
# A file whose composed part is shorter says nothing about the scale.
_TELLING_MS = 20.0
# How many files are timed in isolation, too: this share of them, within these limits.
_CHECKED_SHARE, _FEWEST_CHECKED, _MOST_CHECKED = 0.05, 6, 16
# How often each of them is parsed in isolation.
_CHECKS = 2
# A file that needs this much longer in isolation than its composed time loads other modules there.
_OTHER_SHARE, _OTHER_MS = 0.5, 100.0
# A file that takes this share of a time limit may exceed it in isolation.
_LIMIT_SHARE = 0.5
# With a time budget, the files are measured in parts, each after a part of the sample: the shares
# of the budget at which each part of the sample and each part of the files ends. Without the first
# part of the sample, no time could be composed. Experiments and the other files follow.
_TURNS = ((0.4, 0.55), (0.6, 0.65), (0.7, 0.75))

_BEFORE = "if the packages of other files are already imported"

Keep = Callable[[Path, Measured], object]


class Composing:
    """Composes the parse times of one scan. ``layered`` parses with the layer, ``alone`` in
    isolation. ``import_timeout_s`` is Airflow's limit for loading a file; 0 for none.

    Afterwards, ``composed`` has the paths of files with composed times, and ``doubts`` the reason
    if nothing could be composed.
    """

    def __init__(
        self,
        survey: Survey,
        layered: Crew,
        alone: Crew,
        limits: ParseLimits,
        import_timeout_s: float,
    ) -> None:
        self._survey, self._layered, self._alone, self._limits = survey, layered, alone, limits
        self._import_timeout_ms = import_timeout_s * 1000
        self.composed: set[Path] = set()
        self.doubts: list[Doubt] = []
        # The sample, in isolation and with the layer as surveyed.
        self._isolated: dict[Path, Measured] = {}
        self._shared: dict[Path, Measured] = {}
        self._scales = Scales(costs(survey), survey.reach)
        self._worker: Worker | None = None

    def measure(
        self, files: Mapping[str, Path], budget: Budget, keep: Keep, begins: Callable[[str], object]
    ) -> list[Path]:
        """Measure files, by the path in their results. Return those that a parse with a layer
        cannot show.

        ``keep`` receives each result as it comes, those of files that load most of the layer first.
        dagprof calls ``begins`` before each step.
        """
        budget = budget.rest
        with self._layered.keeping_workers(budget):
            found = self._in_turns(files, budget, keep, begins)
        if found is None:
            self.composed.clear()
            return list(files.values())
        return [path for path in files.values() if path not in found]

    def _in_turns(
        self,
        files: Mapping[str, Path],
        budget: Budget,
        keep: Keep,
        begins: Callable[[str], object],
    ) -> set[Path] | None:
        """Measure a part of the sample and a part of the files in turns. Return the composed files;
        None if no composed result can be trusted.
        """
        found: set[Path] = set()
        files = {name: path for name, path in files.items() if path in self._survey.reach}
        sample = to_check(self._survey, files)
        load_ns = loading_ns(self._survey)
        ordered = sorted(files, key=lambda name: -load_ns.get(files[name], 0))
        # Without a limit, the whole sample comes first, because it makes all times more exact.
        turns = _TURNS if budget.is_limited else _TURNS[-1:]
        size = -(-len(ordered) // len(turns))
        for turn, (sampled_until, composed_until) in enumerate(turns):
            part = budget.until(sampled_until)
            begins("parsing a sample of the files in isolation")
            self._time_sample({name: files[name] for name in sample[turn :: len(turns)]}, part)
            reason = self._why_not(needs_scale=not budget.is_limited)
            if reason:
                self.doubts.append(not_shared(reason))
                return None
            begins("parsing the files with shared packages")
            names = ordered[turn * size : (turn + 1) * size]
            part = budget.until(composed_until)
            these = {name: files[name] for name in names}
            for path, measured in self._layered_too(these, part, self._scales.of):
                if self._is_composed(measured):
                    found.add(path)
                    keep(path, measured)
                    if measured.result.composed_ms:
                        self.composed.add(path)
        return found

    def _layered_too(
        self, files: Mapping[str, Path], budget: Budget, scale: Callable[[Path], float]
    ) -> Iterable[tuple[Path, Measured]]:
        """Measure files with the layer. Only a trace shows which of its modules a file reaches."""

        def limits(path: Path) -> ParseLimits:
            changed: ParseLimits = msgspec.structs.replace(
                self._limits, always_traces=True, layer_scale=scale(path)
            )
            return changed

        return _done(self._layered, files, limits, budget)

    def _time_sample(self, files: Mapping[str, Path], budget: Budget) -> None:
        """Time files both ways, and find the scale from all files that were so far."""
        limits: ParseLimits = msgspec.structs.replace(
            self._limits, repeat=_CHECKS, depth=Depth.QUICK, stacks_from_ms=None
        )
        self._isolated.update(_done(self._alone, files, lambda path: limits, budget))
        both = {name: path for name, path in files.items() if path in self._isolated}
        for path, composed in self._layered_too(both, budget, lambda path: 1.0):
            self._shared[path] = composed
            alone, of_layer_ms = self._isolated[path].result, composed.result.composed_ms
            if self._is_composed(composed) and of_layer_ms >= _TELLING_MS and alone.is_timed:
                own_ms = composed.result.own_ms - of_layer_ms
                self._scales.add(path, of_layer_ms, alone.own_ms - own_ms)

    def _why_not(self, *, needs_scale: bool) -> str:
        """Why no composed result can be trusted: a file of the sample behaves differently with the
        layer, or the sample shows no scale, although there was time for it.
        """
        for path, alone in self._isolated.items():
            shared = self._shared.get(path)
            if shared is None or not self._is_composed(shared):
                continue
            mine, theirs = shared.result, alone.result
            if mine.status is not theirs.status:
                statuses = f"from {theirs.status.value} to {mine.status.value}"
                return f"the status of {theirs.path} changes {statuses} {_BEFORE}"
            if mine.dag_ids != theirs.dag_ids and not (mine.instabilities or theirs.instabilities):
                return f"{theirs.path} creates different DAGs {_BEFORE}"
            more_ms = theirs.own_ms - self._rescaled_ms(path)
            if more_ms > max(_OTHER_MS, _OTHER_SHARE * theirs.own_ms):
                return (
                    f"{theirs.path} imports fewer modules {_BEFORE}, so the parse is"
                    f" {more_ms:.0f} ms shorter"
                )
        if not self._scales and needs_scale:
            return "dagprof could not parse any file both with and without the shared packages"
        scale = self._scales.overall()
        if not _LEAST_SCALE <= scale <= _LARGEST_SCALE:
            return (
                "in a normal parse, importing the shared packages takes"
                f" {scale:.2f} times as long as in dagprof's trial import"
            )
        return ""

    def _rescaled_ms(self, path: Path) -> float:
        """The composed time of a file of the sample, with the scale that the other files give."""
        result = self._shared[path].result
        return result.own_ms + (self._scales.of(path, without=path) - 1) * result.composed_ms

    def _is_composed(self, measured: Measured) -> bool:
        """Whether a parse with a layer gave all that a parse without one would give. A file that
        fails may do so because of the layer, and one that takes long may exceed a limit without it.
        """
        result = measured.result
        if not result.is_timed or result.trace is None or result.status.is_failure:
            return False
        limits_ms = [self._limits.time_limit_s * 1000, self._import_timeout_ms]
        return not result.composed_ms or not any(
            0 < ms < result.parse_ms / _LIMIT_SHARE for ms in limits_ms
        )

    def asking(self, path: Path, shown: str, budget: Budget) -> Ask:
        """Ask for plain parses of one file with the layer. Their times include what the layer would
        add. Only one thread uses this worker; ``close`` ends it.
        """
        if self._worker is None:
            self._worker = self._layered.worker(budget)
        worker, scale = self._worker, self._scales.of(path)
        reached: dict[str, Result | None] = {}

        def again(request: Request) -> Reply:
            # The zygote, and with it this worker, may have died before.
            reply = twice(partial(worker.ask, request, shown))
            if reply is None:
                raise ConnectionLost(TWICE)
            return reply

        asked = within(budget, again)

        def ask(request: Request) -> Reply:
            request = {**request, "layer_scale": scale}
            reply = asked(request)
            key = json.dumps(request, sort_keys=True)
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
        survey, scale = self._survey, self._scales.overall()
        return Layers(
            names=survey.layer.names,
            modules=len(survey.layer.costs.own_ns),
            wall_ms=round(survey.wall_ms * scale, 3),
            files=files,
            checked=tuple(
                Composed(
                    path=each.result.path,
                    composed_ms=round(self._rescaled_ms(path), 3),
                    measured_ms=round(each.result.own_ms, 3),
                )
                for path, each in self._isolated.items()
                if path in self.composed and path in self._shared and each.result.is_timed
            ),
            left_out=survey.left_out,
            scale=round(scale, 4),
            calibrated=len(self._scales),
        )


def _done(
    crew: Crew,
    files: Mapping[str, Path],
    limits: Callable[[Path], ParseLimits],
    budget: Budget,
) -> Iterable[tuple[Path, Measured]]:
    jobs = [Job(path, partial(file.measure, limits=limits(path))) for path in files.values()]
    return ((files[each.result.path], each) for each in crew.do(jobs, budget))


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


def measured_again(result: FileResult, samples: Samples) -> FileResult:
    """The result with times of later parses in isolation."""
    changed: FileResult = msgspec.structs.replace(
        result,
        samples=samples,
        composed_ms=0.0,
        doubts=tuple(doubt for doubt in result.doubts if doubt.code != COMPOSED),
    )
    return changed


def doubt(layers: Layers, files: int) -> Doubt:
    """The note on composed parse times."""
    packages = list(dict.fromkeys(name.partition(".")[0] for name in layers.names))
    shown = ", ".join(packages[:3]) + (f" and {len(packages) - 3} more" if packages[3:] else "")
    text = (
        f"dagprof composed {layers.files} of {files} parse times from two parts: the time of the"
        f" file itself, and the import time of shared packages ({shown}). dagprof measured this"
        " import time only once."
    )
    errors = [
        abs(each.composed_ms / each.measured_ms - 1)
        for each in layers.checked
        if each.measured_ms > 0
    ]
    if errors:
        text += (
            f" dagprof also measured {count(len(errors), 'file')} in isolation. The composed times"
            f" differ from the times in isolation by {statistics.median(errors):.1%} (median) and"
            f" at most {max(errors):.1%}."
        )
    else:
        text += " dagprof had no time to compare the composed times with times in isolation."
    return Doubt(
        code=COMPOSED, text=f"{text} To measure all files in isolation, use --isolation strict."
    )


def resumed_doubt(number: int, files: int) -> Doubt:
    """The note on composed parse times that come from an interrupted scan."""
    text = (
        f"In the interrupted scan, dagprof composed {number} of {files} parse times from two parts:"
        " the time of the file itself, and the import time of shared packages."
    )
    return Doubt(code=COMPOSED, text=text)
