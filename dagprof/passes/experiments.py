"""Measures the cost of import statements and calls, and whether a parse needs them. To do so,
dagprof parses the file again without them. If the parse needs the value of a call, dagprof parses
the file with the value of an earlier parse: then the parse needs the value, but not the work.

Plain parses and parses without the statements alternate, round by round. A machine that changes its
speed then affects both kinds of parses.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from pathlib import Path

from dagprof.attribution.candidates import Candidate
from dagprof.attribution.name_usage import imported_names
from dagprof.link import reading
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.result import FailureRow, Result, Sample
from dagprof.model import Experiment, Need
from dagprof.passes.asking import Ask, ParseLimits
from dagprof.passes.lab import Lab
from dagprof.passes.plan import STABLE_MS, STABLE_SHARE, Proof
from dagprof.passes.serialised.differences import changed, state_differences
from dagprof.robust import standard_error_of_median

# The most calls that dagprof removes to find whether an import is needed only by them.
_MOST_CALLS = 3
# The most names of one import that the parse may need, if the others are to be taken out.
_MOST_NAMES = 3
_NAME = re.compile(r"name '(\w+)'")


def prove(
    path: Path,
    candidates: Sequence[Candidate],
    ask: Ask,
    limits: ParseLimits,
    *,
    proof: Proof,
    parse_ms: float,
    timing: Ask | None = None,
) -> tuple[Experiment, ...]:
    """Return an experiment for each statement: its saving, and whether and why the parse needs it.
    One more experiment removes unneeded statements together.

    Among the statements that would save enough alone, only the most promising are timed by
    themselves. Savings are scaled to a parse that takes ``parse_ms``, because the machine may have
    changed its speed since the file was timed.

    ``timing`` asks for parses with a shared layer, whose times are composed. They only show the
    saving. Whether a parse needs a statement can only be seen without modules of other files.
    """
    lab = Lab(path, ask, limits)
    plain = lab.parse((), state=True).result
    if plain is None or plain.failures or plain.digests is None:
        return ()
    needed: list[_Trial] = []
    free: list[_Trial] = []
    for candidate in candidates:
        trial = _judged(candidate, plain, lab)
        (free if trial.need is Need.NOT_NEEDED else needed).append(trial)
    removed = [trial for trial in free if not (trial.kept or trial.names)]
    freed = [each for trial in needed if (each := _freed(trial, free, plain, lab)) is not None]
    timed = [trial for trial in free if trial.every[0].alone_ms >= proof.smallest_ms]
    together = _together(removed, plain, lab)
    most = proof.timed(parse_ms)
    sets = [*freed, *([together] if together is not None else [])][:most]
    timed = [*timed[: most - len(sets)], *sets]
    if timed:
        _time(timed, Lab(path, timing, limits) if timing is not None else lab, proof.rounds)
    return tuple(
        trial.experiment(parse_ms, is_composed=timing is not None)
        for trial in (*timed, *(t for t in (*free, *freed) if t not in timed), *needed)
    )


def _judged(candidate: Candidate, plain: Result, lab: Lab) -> _Trial:
    """Without the statement. If the parse needs it: without some of the names of an import, or with
    the value that the statement had in another parse.
    """
    call = candidate.call
    trial = _Trial((candidate,))
    if call is None or call.can_go:
        trial.judge(plain, lab)
    if call is None and trial.need is Need.RAISES:
        return _without_names(trial, plain, lab) or trial
    if call is None or trial.need is Need.NOT_NEEDED or not (call.assigned or not call.can_go):
        return trial
    keeping = _Trial((), (candidate,))
    keeping.judge(plain, lab)
    if keeping.need is not Need.NOT_NEEDED and call.can_go:
        return trial
    keeping.needed_at = trial.raised_at
    return keeping


def _without_names(whole: _Trial, plain: Result, lab: Lab) -> _Trial | None:
    """The import without all names that the parse does not need; None if it needs all of them."""
    candidate = whole.candidates[0]
    left = imported_names(candidate.file, candidate.statement.line)
    trial = whole
    for _ in range(_MOST_NAMES):
        if trial.raised_name not in left:
            return None
        left = [name for name in left if name != trial.raised_name]
        if not left:
            return None
        trial = _Trial((candidate,), names=tuple(left))
        trial.judge(plain, lab)
        if trial.need is Need.NOT_NEEDED:
            return trial
    return None


class _Trial:
    """One set of statements to take out, and of statements whose values to keep. If there are
    ``names``, only these go from the one import statement.
    """

    def __init__(
        self,
        candidates: tuple[Candidate, ...],
        kept: tuple[Candidate, ...] = (),
        names: tuple[str, ...] = (),
    ) -> None:
        self.candidates, self.kept, self.names = candidates, kept, names
        self.raised_name = ""
        self.need = Need.UNKNOWN
        self.reason = ""
        self.plain_ms: list[float] = []
        self.saving_ms: list[float] = []
        self.memory_kib: list[int] = []
        self.cautions: list[str] = []
        self.has_star = False
        self.raised_at = self.needed_at = ("", 0)

    @property
    def every(self) -> tuple[Candidate, ...]:
        """All statements of this trial."""
        return (*self.candidates, *self.kept)

    def parse(self, lab: Lab, *, state: bool = False) -> Reply:
        """Parse once without the statements."""
        return lab.parse(self.candidates, keep=self.kept, names=self.names, state=state)

    def judge(self, plain: Result, lab: Lab) -> None:
        """Parse once without the statements, and record whether the parse needed them."""
        reply = self.parse(lab, state=True)
        self.need, self.reason = self._verdict(plain, reply, lab)
        self.has_star = reply.result is not None and bool(reply.result.stars)
        if self.need is Need.NOT_NEEDED and reply.result is not None:
            self.cautions = [
                *state_differences(plain.state, reply.result.state),
                *(_shared(*row) for row in reply.result.shared),
            ]

    def _verdict(self, plain: Result, reply: Reply, lab: Lab) -> tuple[Need, str]:
        result = reply.result
        if result is None:
            return Need.UNKNOWN, (
                f"the parse ends early if dagprof removes the code ({reply.outcome})"
            )
        if result.unkept:
            name, file, line = result.unkept[0]
            value = f"the value at {_short(file)}:{line}" + (f" (type {name})" if name else "")
            return Need.UNKNOWN, f"dagprof cannot reuse {value} in another parse"
        if result.failures:
            last = result.failures[-1]
            self.raised_at = (last.file, last.line)
            found = _NAME.search(last.message)
            self.raised_name = found[1] if found else ""
            return Need.RAISES, _why(last)
        if result.missing:
            return (
                Need.UNKNOWN,
                (
                    "dagprof can remove only import statements and calls. To remove code in zip"
                    " archives, dagprof needs Python 3.10 or later"
                ),
            )
        if result.missed:
            name, file, line = result.missed[0]
            self.raised_name = name
            return (
                Need.RAISES,
                f"{_short(file)}:{line} uses {name}, and has a fallback if {name} is missing",
            )
        with_it, without = plain.digests or {}, result.digests or {}
        names = changed(with_it, without)
        if not names:
            return Need.NOT_NEEDED, ""
        gone = sorted(with_it.keys() - without.keys())
        if gone:
            return Need.CHANGES_DAGS, f"DAG {gone[0]} is missing if dagprof removes the code"
        difference = lab.difference(self.candidates, names, self.kept, self.names)
        if difference is None:
            return Need.NOT_NEEDED, ""
        return Need.CHANGES_DAGS, (
            f"the field {difference.field} changes from {difference.first} to {difference.second}"
        )

    def compare(self, plain: Sample, without: Sample) -> None:
        """Record the difference between two neighbouring parses, without their wait for a
        processor.
        """
        self.plain_ms.append(plain.own_ms)
        self.saving_ms.append(plain.own_ms - without.own_ms)
        self.memory_kib.append(plain.rss_growth_kib - without.rss_growth_kib)

    @property
    def is_settled(self) -> bool:
        """Whether the median saving is known well enough."""
        return standard_error_of_median(self.saving_ms) <= max(
            STABLE_MS, STABLE_SHARE * abs(statistics.median(self.saving_ms))
        )

    def experiment(self, parse_ms: float, *, is_composed: bool) -> Experiment:
        plain_ms = statistics.median(self.plain_ms) if self.plain_ms else 0.0
        is_timed = len(self.saving_ms) > 1 and plain_ms > 0
        scale = parse_ms / plain_ms if is_timed else 1.0
        call = self.every[0].call if len(self.every) == 1 else None
        file, line = self.needed_at
        return Experiment(
            without=tuple(candidate.place for candidate in self.every),
            need=self.need,
            reason=f"{_short(file)}:{line}" if line else self.reason,
            kept=tuple(candidate.place for candidate in self.kept),
            names=self.names,
            saving_ms=tuple(round(ms * scale, 3) for ms in self.saving_ms) if is_timed else (),
            memory_kib=tuple(self.memory_kib) if is_timed else (),
            cautions=tuple(self.cautions),
            has_star=self.has_star,
            called=call.called if call is not None else "",
            assigned=call.assigned if call is not None else (),
            is_composed=is_timed and is_composed,
        )


def _freed(trial: _Trial, free: Sequence[_Trial], plain: Result, lab: Lab) -> _Trial | None:
    """An import together with the unneeded calls that are all that needs it; None if something else
    needs it.
    """
    calls = {
        (each.every[0].file, each.every[0].statement.line): each
        for each in free
        if each.every[0].call is not None
    }
    if trial.every[0].call is not None:
        return None
    wider = trial
    for _ in range(_MOST_CALLS):
        call = calls.pop(wider.raised_at, None)
        if call is None:
            return None
        wider = _Trial((*wider.candidates, *call.candidates), (*wider.kept, *call.kept))
        wider.judge(plain, lab)
        if wider.need is Need.NOT_NEEDED:
            return wider
    return None


def _together(free: Sequence[_Trial], plain: Result, lab: Lab) -> _Trial | None:
    """The largest set found of statements that are not needed together. All of them are not needed
    alone. None if the set has fewer than two.
    """
    if len(free) < 2:
        return None
    everything = _Trial(tuple(trial.candidates[0] for trial in free))
    everything.judge(plain, lab)
    if everything.need is Need.NOT_NEEDED:
        return everything
    kept = _Trial((free[0].candidates[0],))
    for trial in free[1:]:
        wider = _Trial((*kept.candidates, trial.candidates[0]))
        wider.judge(plain, lab)
        if wider.need is Need.NOT_NEEDED:
            kept = wider
    return kept if len(kept.candidates) > 1 else None


def _time(trials: Sequence[_Trial], lab: Lab, rounds: int) -> None:
    """Time a parse with all statements and one without, one after the other, in rounds. There are
    twice as many rounds if the savings vary widely.
    """
    for number in range(2 * rounds):
        due = [trial for trial in trials if number < rounds or not trial.is_settled]
        for trial in due if number % 2 == 0 else due[::-1]:
            plain = reading.timed(lab.control(trial.every, forks=bool(trial.kept)))
            without = reading.timed(trial.parse(lab))
            if plain is not None and without is not None:
                trial.compare(plain.sample, without.sample)


def _shared(name: str, file: str, line: int) -> str:
    """The note about a value that other objects hold: a copy does not follow their changes."""
    return f"other objects that refer to the same {name} ({_short(file)}:{line})"


def _why(failure: FailureRow) -> str:
    where = f" ({_short(failure.file)}:{failure.line})" if failure.line else ""
    return f"{failure.type}: {failure.message[:200]}{where}"


def _short(file: str) -> str:
    """A file's name; for a package also the folder's name."""
    folder, _, name = file.rpartition("/")
    return f"{folder.rpartition('/')[2]}/{name}" if name == "__init__.py" else name
