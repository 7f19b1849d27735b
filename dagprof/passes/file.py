"""All passes over one DAG file, through one worker."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import statistics
from pathlib import Path

from dagprof import bounded
from dagprof.config.settings import Depth
from dagprof.model import Doubt, FileResult, Measured, Status
from dagprof.passes import plan
from dagprof.passes.answers import made_up
from dagprof.passes.asking import Ask, OutOfTime, ParseLimits, next_hour_s, parse_request
from dagprof.passes.outcome import Passes
from dagprof.passes.plan import Mode
from dagprof.passes.serialised.examining import examine
from dagprof.passes.serialised.stability import instabilities

# A glance traces files that take so long to parse.
_SLOW_MS = 50.0
# The doubts about a file for which there was no time: for more than one parse, and for all passes.
ONE_PARSE, CUT_SHORT = "one-parse", "cut-short"


def identify(path: Path) -> tuple[str, int]:
    """SHA-256 and size in bytes of a file.

    :raises OSError: the file cannot be read, is not a regular file, or has more than a gibibyte. A
        parse can put a device in the place of its file.
    """
    digest, size = hashlib.sha256(), 0
    for piece in bounded.pieces(path, bounded.LARGEST_FILE + 1):
        digest.update(piece)
        size += len(piece)
    if size > bounded.LARGEST_FILE:
        raise OSError(errno.EFBIG, "larger than 1 GiB")
    return digest.hexdigest(), size


def unreadable(shown: str, error: OSError) -> Measured:
    """The result of a file that cannot be read."""
    detail = f"dagprof cannot read the file: {error.strerror or error}."
    return Measured(result=FileResult(path=shown, status=Status.UNREADABLE, detail=detail))


def fatal(shown: str, path: Path, detail: str) -> Measured:
    """The result of a file whose parse ended the measuring processes."""
    try:
        sha256, size = identify(path)
    except OSError:
        sha256, size = "", 0
    return Measured(
        result=FileResult(
            path=shown, sha256=sha256, size_bytes=size, status=Status.KILLED, detail=detail
        )
    )


def measure(path: Path, shown: str, ask: Ask, limits: ParseLimits) -> Measured:
    """Time the file, trace it if the trace may show something, and sample it if it is slow.

    A first parse that had to compile or to wait for the disk is a warm-up and does not count.
    ``shown`` is the path in the result. Every behaviour of the file gives a result. Only the loss
    of a worker raises an exception.

    :raises OutOfTime: the time budget ran out before two parses were timed.
    """
    try:
        sha256, size = identify(path)
    except OSError as error:
        return unreadable(shown, error)
    passes = Passes(shown, sha256, size)
    try:
        _run_all(path, passes, ask, limits)
    except OutOfTime:
        # The first parse of this file, before all other passes, says as much or more.
        if len(passes.timings) < 2 or passes.status.is_failure:
            raise
        passes.doubts.append(
            Doubt(
                code=CUT_SHORT,
                text=(
                    "The time budget ran out before dagprof finished all measurements of the file."
                ),
            )
        )
    return passes.measured()


def _run_all(path: Path, passes: Passes, ask: Ask, limits: ParseLimits) -> None:
    """Run all passes that the results so far call for."""
    run = _Runner(path, ask, limits, passes)
    if not run(Mode.TIMING, first=True):
        find_unanswered(path, passes, ask, limits)
        if passes.is_held:
            run(Mode.TRACE, hold_s=0.0)  # find the process that holds the output
        return
    drop_warm_up(passes, plan.TOO_SLOW_TO_REPEAT_MS)
    while plan.needs_more(passes.wall_ms, passes.own_ms, limits.repeat):
        if not run(Mode.TIMING):
            return
    passes.instabilities = instabilities(path, passes.digests, ask, limits)
    find_unanswered(path, passes, ask, limits)
    if limits.examines and not passes.status.is_failure:
        passes.examined = examine(path, sorted(passes.dag_ids[-1]), ask, limits)
        if passes.examined is not None and passes.examined.schedules is not None:
            passes.schedules = passes.examined.schedules
    _look_closer(run, passes, limits)


def drop_warm_up(passes: Passes, most_ms: float) -> None:
    """Forget the first parse if it found a cold cache, unless it took ``most_ms`` or longer."""
    first = passes.timings[0]
    found_cold = plan.is_warm_up(first.result.compiled, first.reply.blocks_read)
    if found_cold and first.sample.wall_ms < most_ms:
        passes.timings.clear()


def glance(
    path: Path, shown: str, ask: Ask, limits: ParseLimits, *, traces: bool = False
) -> Measured:
    """Time the file once. If time is short, this comes before all other passes. If the file fails,
    the reason may be a made-up answer, so ``measure`` must follow. With ``traces``, a slow file is
    also traced once, if there is time.

    :raises OutOfTime: the time budget ran out during the first parse.
    """
    try:
        sha256, size = identify(path)
    except OSError as error:
        return unreadable(shown, error)
    passes = Passes(shown, sha256, size)
    run = _Runner(path, ask, limits, passes)
    is_timed = run(Mode.TIMING, first=True)
    is_slow = is_timed and not passes.status.is_failure and passes.wall_ms[0] >= _SLOW_MS
    if traces and is_slow and limits.depth is not Depth.QUICK:
        with contextlib.suppress(OutOfTime):
            run(Mode.TRACE)
    passes.doubts.append(
        Doubt(
            code=ONE_PARSE,
            text="dagprof parsed the file only once to stay within the time budget.",
        )
    )
    return passes.measured()


def find_unanswered(path: Path, passes: Passes, ask: Ask, limits: ParseLimits) -> None:
    """If the file fails, find out whether a made-up answer is the cause."""
    if passes.settled is not None and passes.status in (Status.IMPORT_ERROR, Status.EXITED):
        passes.unanswered = made_up.examine(path, passes.settled, ask, limits)


def is_undecided(measured: Measured) -> bool:
    """Whether a file that was parsed only once fails, and perhaps only because of an answer that
    dagprof made up or could not give.
    """
    result = measured.result
    return result.status in (Status.IMPORT_ERROR, Status.EXITED) and bool(result.accesses)


NO_TIME = "dagprof did not parse the file, because the time budget ran out."
UNDECIDED = (
    "The file fails, but the time budget ran out before dagprof could find out whether a"
    " placeholder value is the cause."
)


def left_out(path: Path, shown: str, detail: str = NO_TIME) -> Measured:
    """The result of a file that the time budget left out."""
    try:
        sha256, size = identify(path)
    except OSError as error:
        return unreadable(shown, error)
    return Measured(
        result=FileResult(
            path=shown, sha256=sha256, size_bytes=size, status=Status.SKIPPED, detail=detail
        )
    )


class _Runner:
    def __init__(self, path: Path, ask: Ask, limits: ParseLimits, passes: Passes) -> None:
        self._path, self._ask, self._limits, self._passes = path, ask, limits, passes

    def __call__(self, mode: Mode, *, first: bool = False, **more: object) -> bool:
        """Run one pass. Return True if it gave the result of its mode."""
        request = {**parse_request(mode, self._path, self._limits), "first": first, **more}
        if first and self._limits.depth is Depth.FULL:  # takes as long as another parse
            request["schedules"] = next_hour_s()
        if mode is Mode.STACKS:
            request["pyinstrument"] = self._limits.pyinstrument
        return self._passes.add(mode.value, self._ask(request))


def _look_closer(run: _Runner, passes: Passes, limits: ParseLimits) -> None:
    """The passes that depend on how long the parse takes."""
    parse_ms = statistics.median(passes.wall_ms)
    load_ms = statistics.median(timed.sample.load_ms for timed in passes.timings)
    if limits.always_traces or plan.is_traced(limits.depth, load_ms, limits.files):
        for count in itertools.count(1):
            if not run(Mode.TRACE) or not plan.needs_another_trace(
                count, *passes.traced_ms, parse_ms
            ):
                break
        if helpers := passes.slow_helpers():
            run(Mode.TRACE, helpers=helpers)
        if passes.trace is None:
            passes.doubts.append(no_trace(passes))
    if plan.is_sampled(limits.depth, parse_ms, limits.stacks_from_ms) and not run(Mode.STACKS):
        failures = passes.last.result.failures if passes.last and passes.last.result else ()
        reason = (
            f" ({failures[-1].type}: {failures[-1].message[:200]})"
            if failures
            else _refused(passes)
        )
        passes.doubts.append(
            Doubt(code="no-stacks", text=f"dagprof could not sample call stacks{reason}.")
        )


def no_trace(passes: Passes) -> Doubt:
    """A note that the tracing pass gave nothing."""
    text = f"dagprof could not trace the imports and statements{_refused(passes)}."
    return Doubt(code="no-trace", text=text)


def _refused(passes: Passes) -> str:
    """Why the last pass gave nothing, where it reported what cannot be used."""
    return f" ({passes.last.refused})" if passes.last is not None and passes.last.refused else ""
