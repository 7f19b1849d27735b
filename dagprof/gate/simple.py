"""The gate: a comparison and limits in, a verdict with its reasons out. Pure; the exit code is the command line's."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

from dagprof.analyse.causes import place
from dagprof.analyse.comparison import Change, Comparison, FileChange
from dagprof.errors import UsageError
from dagprof.model import FileResult, Frozen, Run

FAIL_ON = ("import-error", "unsure")


class Outcome(str, enum.Enum):
    """What the gate decides for the whole."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_TELL = "cannot tell"


class Verdict(Frozen, frozen=True):
    """The outcome, one sentence for the whole, and one per file that speaks against it or leaves it open."""

    outcome: Outcome
    reason: str
    reasons: tuple[str, ...] = ()


def decide(
    run: Run, comparison: Comparison | None, *, fails_on_regression: bool, fail_on: Sequence[str] = ()
) -> Verdict:
    """Judge a Run, compared with a baseline where there is one.

    ``fail_on`` holds names of ``FAIL_ON``: files that do not import, and inconclusive changes. Without a
    file in both runs there is nothing to compare, which is not the same as no regression.
    """
    against = _without_dags(run, comparison) if "import-error" in fail_on else []
    comparison = comparison if fails_on_regression else None
    slower, open_questions = _reasons(comparison, fail_on)
    if "import-error" in fail_on:
        open_questions += [f"{file.path}: {file.what_it_needs}" for file in run.files if file.unanswered]
    against += slower
    open_questions = list(dict.fromkeys(open_questions))
    told = tuple(reason for _, reason in against)
    if against:
        files = len({path for path, _ in against})
        what = "1 file fails the gate." if files == 1 else f"{files} files fail the gate."
        return Verdict(outcome=Outcome.FAILED, reason=what, reasons=told)
    if open_questions:
        needy = sum(bool(file.unanswered) for file in run.files)
        reason = f"No regression found; {_files(len(open_questions))} {'is' if len(open_questions) == 1 else 'are'} inconclusive."
        if comparison is None or not comparison.of(Change.UNSURE):
            reason = f"Nothing failed, but {_files(needy)} could not be checked without real answers."
        return Verdict(outcome=Outcome.CANNOT_TELL, reason=reason, reasons=tuple(open_questions))
    if comparison is not None and comparison.files and not comparison.shared:
        reason = "The baseline and this run have no file in common; compare runs of the same folder."
        return Verdict(outcome=Outcome.CANNOT_TELL, reason=reason)
    return Verdict(
        outcome=Outcome.PASSED, reason="No file became slower beyond the limits." if comparison else "Nothing failed."
    )


def _without_dags(run: Run, comparison: Comparison | None) -> list[tuple[str, str]]:
    """The files that cannot be loaded, and those that gave DAGs in the baseline only, as path and sentence."""
    missing = {file.path: file.missing for file in comparison.files if file.breaks} if comparison else {}
    failing = {
        file.path: f"{file.path} {missing.get(file.path) or file.missing()}: {file.why_no_dags.rstrip('.')}{_place(file, run)}"
        for file in run.files
        if file.status.is_broken
    }
    lost = {path: f"{path} {what}, but did in the baseline" for path, what in missing.items() if path not in failing}
    return [*failing.items(), *lost.items()]


def _place(file: FileResult, run: Run) -> str:
    """The line where a file failed, in brackets; empty where none is known."""
    at = place(file, run.root, run.project.root)
    return "" if at == file.path else f" ({at})"


def _reasons(comparison: Comparison | None, fail_on: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """What of the changes speaks against the run, as path and sentence, and what stays open."""
    if comparison is None:
        return [], []
    blamed = (Change.SLOWER, Change.UNSURE) if "unsure" in fail_on else (Change.SLOWER,)
    against = [(file.path, describe(file)) for change in blamed for file in comparison.of(change)]
    return against, [describe(file) for file in comparison.of(Change.UNSURE)]


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def describe(file: FileChange) -> str:
    """One sentence about one file: how much, and what may be behind it."""
    share = file.difference_share
    amount = f"{file.difference_ms:+,.0f} ms" + (f" ({share:+.0%})" if share is not None else "")
    text = f"{file.path} {amount}"
    if file.reason:
        text = f"{file.path}: {file.reason}"
    elif file.breaks:
        text += "; gives no DAGs"
    if file.new_imports:
        text += f"; now loads {', '.join(file.new_imports[:3])}"
    if file.gone_imports:
        text += f"; no longer loads {', '.join(file.gone_imports[:3])}"
    return text


def check_fail_on(names: Iterable[str]) -> tuple[str, ...]:
    """The names, if all are known.

    :raises UsageError: one is not.
    """
    for name in names:
        if name not in FAIL_ON:
            raise UsageError(f"Unknown reason to fail {name!r}; choose from {', '.join(FAIL_ON)}.")
    return tuple(names)
