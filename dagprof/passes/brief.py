"""The few passes over a file that somebody is editing: quick times first, then the imports and
effects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dagprof.model import Measured
from dagprof.passes import file
from dagprof.passes.asking import Ask, ParseLimits, parse_request
from dagprof.passes.outcome import Passes
from dagprof.passes.plan import Mode
from dagprof.robust import FEWEST, are_enough

# Up to this time, a second parse is cheap enough to wait for it.
CHEAP_MS = 150.0
# A first parse that took longer counts, even if it compiled modules or waited for the disk.
_TOO_SLOW_TO_REPEAT_MS = 2_000.0
# Until the times agree, and for a change of the time that must be sure.
_MOST = 5

# Whether one more parse must confirm the times so far, in ms without waiting for a processor.
IsDoubtful = Callable[[Sequence[float]], bool]


def never(own_ms: Sequence[float]) -> bool:
    """No times need a confirmation."""
    return False


def stages(
    path: Path,
    shown: str,
    ask: Ask,
    limits: ParseLimits,
    is_doubtful: IsDoubtful = never,
) -> Iterator[Measured]:
    """Yield the result with the parse time as soon as it is known, then once more with the trace.
    A file whose parse ended without a time has only the first result.

    A cheap parse is repeated, once or until the times agree, and once more if ``is_doubtful``.
    """
    begun = _begun(path, shown)
    if isinstance(begun, Measured):
        yield begun
        return
    is_timed = _time(path, begun, ask, limits, is_doubtful)
    file.find_unanswered(path, begun, ask, limits)
    yield begun.measured()
    if is_timed:
        if not begun.add(Mode.TRACE.value, ask(parse_request(Mode.TRACE, path, limits))):
            begun.doubts.append(file.no_trace(begun))
        yield begun.measured()


def once(path: Path, shown: str, ask: Ask, limits: ParseLimits) -> Measured:
    """Time the file by one parse that found it compiled, without a trace."""
    begun = _begun(path, shown)
    if isinstance(begun, Measured):
        return begun
    _time(path, begun, ask, limits, never, is_once=True)
    file.find_unanswered(path, begun, ask, limits)
    return begun.measured()


def _begun(path: Path, shown: str) -> Passes | Measured:
    try:
        return Passes(shown, *file.identify(path))
    except OSError as error:
        return file.unreadable(shown, error)


def _time(
    path: Path,
    passes: Passes,
    ask: Ask,
    limits: ParseLimits,
    is_doubtful: IsDoubtful,
    *,
    is_once: bool = False,
) -> bool:
    """Add the timed parses. Return whether the last one gave a time."""
    request = parse_request(Mode.TIMING, path, limits)
    if not passes.add(Mode.TIMING.value, ask({**request, "first": True})):
        return False
    file.drop_warm_up(passes, _TOO_SLOW_TO_REPEAT_MS)
    while _needs_more(passes, is_doubtful, is_once=is_once):
        if not passes.add(Mode.TIMING.value, ask(request)):
            return False
    return True


def _needs_more(passes: Passes, is_doubtful: IsDoubtful, *, is_once: bool) -> bool:
    """Whether another timed parse is due."""
    own_ms = passes.own_ms
    if not own_ms:
        return True
    if is_once or min(own_ms) > CHEAP_MS or len(own_ms) >= _MOST:
        return False
    if not are_enough(own_ms):
        return True
    return len(own_ms) < FEWEST and is_doubtful(own_ms)
