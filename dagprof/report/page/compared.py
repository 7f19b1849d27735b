"""The data of the comparison view: all changed files, and the import trees of the most changed
files.
"""

from __future__ import annotations

from collections.abc import Collection

from dagprof.analyse.comparison import Comparison, FileChange
from dagprof.judge.judgement import Outcome
from dagprof.model import Effect, FileResult, Run
from dagprof.quantities import count, duration
from dagprof.report import changes
from dagprof.report.escape import safe_text
from dagprof.report.page import one_file

# The most files whose other side the page includes, for the pictures.
DRAWN = 60
_ORDER = (Outcome.REGRESSION, Outcome.IMPROVEMENT, Outcome.CANNOT_TELL, Outcome.NEW, Outcome.GONE)

Row = dict[str, object]


def build(comparison: Comparison, baseline: Run | None, run: Run) -> Row:
    """All values of the comparison view."""
    changed = [file for outcome in _ORDER for file in comparison.of(outcome)]
    drawn = {
        file.path for file in sorted(changed, key=lambda file: -abs(file.difference_ms))[:DRAWN]
    }
    before = {file.path: file for file in baseline.files} if baseline is not None else {}
    after = {file.path: file for file in run.files}
    return {
        "sentence": (
            f"The total parse time changed from {duration(comparison.baseline_total_ms)}"
            f" to {duration(comparison.current_total_ms)}. The parse time of"
            f" {count(len(comparison.of(Outcome.UNCHANGED)), 'file')} stayed within the limits."
        ),
        "breaks": [
            [safe_text(file.path), safe_text(file.missing, 300)]
            for file in comparison.files
            if file.breaks
        ],
        "fixed": [safe_text(file.path) for file in comparison.files if file.is_fixed],
        "warnings": [safe_text(text, 500) for text in comparison.warnings],
        "files": [
            _row(each, before, after, drawn, baseline, run, comparison.factor) for each in changed
        ],
    }


def _row(
    change: FileChange,
    before: dict[str, FileResult],
    after: dict[str, FileResult],
    drawn: Collection[str],
    baseline: Run | None,
    run: Run,
    factor: float,
) -> Row:
    old, new = before.get(change.path), after.get(change.path)
    row: Row = {
        "path": safe_text(change.path),
        "address": one_file.address(change.path),
        "change": changes.WORDS[change.outcome],
        "before": round(change.baseline_ms, 2) if change.outcome is not Outcome.NEW else None,
        "now": round(change.current_ms, 2) if change.outcome is not Outcome.GONE else None,
        "is_comparable": not (change.breaks or change.is_fixed),
        "share": change.difference_share,
        "reason": safe_text(change.reason, 300),
        "new_imports": [safe_text(name, 80) for name in change.new_imports],
        "gone_imports": [safe_text(name, 80) for name in change.gone_imports],
        "samples_before": [round(factor * ms, 1) for ms in old.samples.own_ms] if old else [],
        "samples_now": [round(ms, 1) for ms in new.samples.own_ms] if new else [],
        "new_effects": _appeared(old, new) if old and new else [],
        "more_new": change.more_new_imports,
        "more_gone": change.more_gone_imports,
        "gone_effects": _appeared(new, old) if old and new else [],
    }
    if change.path in drawn and baseline is not None:
        row["tree_before"] = _named(baseline, old)
        row["tree_now"] = _named(run, new)
    return row


def _appeared(old: FileResult, new: FileResult) -> list[str]:
    """Effects, Variables and Connections that only the new Run has. The comparison ignores line
    numbers.
    """
    known = {_what(each) for each in old.effects} | {(each.kind, each.key) for each in old.accesses}
    found = {_what(each): each.line for each in new.effects}
    found |= {(each.kind, each.key): each.line for each in new.accesses}
    return [
        safe_text(f"{kind} {what} (line {line})", 200)
        for (kind, what), line in found.items()
        if (kind, what) not in known
    ][: one_file.ROWS]


def _what(effect: Effect) -> tuple[str, str]:
    return effect.kind, effect.what


def _named(run: Run, file: FileResult | None) -> Row | None:
    """The module loads of one Run with module names. Names are necessary because module positions
    differ between two Runs.
    """
    if file is None or file.trace is None:
        return None
    columns = one_file.columns(file.trace.loads)
    names = [safe_text(run.modules[place].name, 120) for place in columns["module"]]
    return {
        "name": names,
        "parent": columns["parent"],
        "own": columns["own"],
        "total": columns["total"],
    }
