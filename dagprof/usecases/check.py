"""Check: DAG files one by one, for tests.

Each file must give its DAGs, stay within its budget, and not be slower than in a baseline.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dagprof.analyse import comparison
from dagprof.analyse.comparison import FileChange
from dagprof.config import policy
from dagprof.config.settings import Settings, leading_folders
from dagprof.gate import scanned
from dagprof.gate.verdict import Decision
from dagprof.judge import runs as judge
from dagprof.judge import speeds
from dagprof.measure import session as measuring
from dagprof.model import FileResult, Run
from dagprof.quantities import duration, parse_duration_ms
from dagprof.report.changes import describe

if TYPE_CHECKING:
    from dagprof.practices.baseline import Baseline


class CheckRequest(NamedTuple):
    """What to check.

    ``budget_ms`` is the maximum time of a parse; None uses the gate's configuration.
    """

    paths: tuple[str, ...]
    settings: Settings
    environ: Mapping[str, str]
    budget_ms: float | None = None
    baseline: Run | None = None


class Checked(NamedTuple):
    """One file's parse and its problems, one sentence each; empty if there are none.

    ``needs`` names the answers without which dagprof cannot check the file. ``breaks`` has the
    findings of the practice rules that fail, if the settings ask for them. ``notes`` give reasons
    to doubt its times.
    """

    result: FileResult
    broken: str = ""
    needs: str = ""
    too_slow: str = ""
    breaks: str = ""
    notes: tuple[str, ...] = ()


@contextlib.contextmanager
def opened(request: CheckRequest) -> Iterator[Checking]:
    """Find the DAG files, and end the parsing processes when the context exits.

    :raises UsageError: paths or settings are invalid, or there is no DAG file.
    :raises MeasurementError: Airflow cannot be imported.
    """
    with measuring.opened(request.paths, request.settings, request.environ) as session:
        yield Checking(request, session)


class Checking:
    """Checks the DAG files below the requested paths one by one: ``files`` lists them, and
    ``check`` measures one. Use it from one thread only.
    """

    def __init__(self, request: CheckRequest, session: measuring.Session) -> None:
        self._request, self._session = request, session
        settings = request.settings
        self._demand = scanned.demand(
            settings.fail_on_regression or "0%", settings.regression_floor
        )
        self._before = (
            {file.path: file for file in request.baseline.files} if request.baseline else {}
        )
        self.files = session.files

    def check(self, path: Path) -> Checked:
        """Parse one of the files. A file that takes too long is parsed again, because it must be
        too slow twice to fail.

        :raises DagprofError: the file could not be parsed.
        """
        result = self._session.measure(path)
        if not result.status.is_failure and self._too_slow(result):
            result = self._session.measure(path)
        if broken := self._broken(result):
            return Checked(result, broken=broken)
        if result.unanswered:
            return Checked(result, needs=result.what_it_needs)
        return Checked(
            result,
            too_slow=self._too_slow(result),
            breaks=self._breaks(result),
            notes=tuple(self._notes(result)),
        )

    def _breaks(self, result: FileResult) -> str:
        """The findings of the practice rules that fail, a line each."""
        settings = self._request.settings
        if not settings.check.in_scan:
            return ""
        from dagprof.report.practices import words
        from dagprof.usecases import practices

        run: Run = msgspec.structs.replace(self._around, files=(result,))
        found = practices.in_file(run, settings, self._accepted)
        failing = [each for each in found.open if settings.check.fail_on.fails(each.severity)]
        return "\n".join(f"{each.place}: {words.text(each)}" for each in failing)

    def _broken(self, result: FileResult) -> str:
        """Why the file produces no DAGs, or fewer than before."""
        old = self._before.get(result.path)
        if not result.status.is_broken:
            lost = old is not None and result.has_lost_dags(old)
            return (
                f"{result.path} defines no DAGs, but defined DAGs in the baseline run."
                if lost
                else ""
            )
        places = [
            f"{os.path.relpath(failure.file)}:{failure.line}"
            for failure in result.failures[:1]
            if failure.line
        ]
        where = f" ({places[0]})" if places else ""
        return f"{result.path} {result.missing(old)}: {result.why_no_dags.rstrip('.')}{where}."

    def _too_slow(self, result: FileResult) -> str:
        budget_ms = self._budget_ms(result.path)
        if budget_ms is not None and result.own_ms > budget_ms:
            taken, over = duration(result.own_ms), duration(result.own_ms - budget_ms)
            return (
                f"{result.path} takes {taken} to parse, which is {over} over the budget of"
                f" {duration(budget_ms)}."
            )
        decision, change = self._judged(result)
        if decision is not Decision.FAILED:
            return ""
        share = change.difference_share
        more = duration(change.difference_ms) + (f" ({share:.0%})" if share is not None else "")
        now, before = duration(change.current_ms), duration(change.baseline_ms)
        return (
            f"{result.path} takes {now} to parse, which is {more} more than in the baseline run"
            f" ({before})."
        )

    def _budget_ms(self, path: str) -> float | None:
        """The maximum parse time of the file, None for no limit."""
        if self._request.budget_ms is not None:
            return self._request.budget_ms
        settings = self._request.settings
        folders = leading_folders(settings, self._session.root)
        limits = policy.limits_for(path, settings.gate, settings.overrides, folders=folders)
        if limits.budget is None or limits.rules[policy.Rule.BUDGET] is not policy.Level.ERROR:
            return None
        return parse_duration_ms(limits.budget)

    def _judged(self, result: FileResult) -> tuple[Decision, FileChange]:
        """The gate's decision on this file alone, and the change. A file that the baseline lacks
        passes.
        """
        old, baseline = self._before.get(result.path), self._request.baseline
        if old is None or baseline is None:
            return Decision.PASSED, comparison.compare_file(result.path, None, result, None)
        before: Run = msgspec.structs.replace(baseline, files=(old,))
        now: Run = msgspec.structs.replace(self._around, files=(result,))
        judged = judge.judge(before, now, self._demand.timing)
        factor = speeds.basis(before, now).factor
        change = comparison.compare_file(result.path, old, result, judged.get(result.path), factor)
        return scanned.decide(now, before, judged, self._demand).decision, change

    @cached_property
    def _around(self) -> Run:
        """The surroundings in which the files are measured. The reference is timed once, if the
        baseline has one to compare with.
        """
        baseline = self._request.baseline
        timed = baseline is not None and baseline.reference is not None
        return self._session.surroundings(with_reference=timed)

    @cached_property
    def _accepted(self) -> Baseline | None:
        """The accepted findings of the practice rules, read once for all files."""
        from dagprof.usecases import practices

        return practices.demanded(self._request.settings)

    def _notes(self, result: FileResult) -> Iterator[str]:
        """Reasons to doubt the file's time, or its comparison with the baseline."""
        yield from (doubt.text for doubt in result.doubts)
        baseline = self._request.baseline
        if baseline is None:
            return
        decision, change = self._judged(result)
        if decision is Decision.CANNOT_TELL:
            yield describe(change)
        if note := speeds.basis(baseline, self._around).note:
            yield note
        yield from comparison.environment_warnings(baseline.environment, self._around.environment)
