"""Texts about comparisons, plans and experiments. All reports use these texts."""

from __future__ import annotations

from collections.abc import Sequence

from dagprof.analyse.causes import as_sentence
from dagprof.analyse.comparison import FileChange
from dagprof.analyse.fleet import Change, Plan, Step
from dagprof.judge.judgement import Outcome
from dagprof.model import Experiment, Need, Run
from dagprof.quantities import count, duration
from dagprof.report import libraries
from dagprof.report.escape import safe_text
from dagprof.report.figures import NOT_TRACED, is_traced

_SHOWN_MODULES = 3

# The outcomes of a file, as comparisons and the page's data write them.
WORDS = {
    Outcome.REGRESSION: "slower",
    Outcome.IMPROVEMENT: "faster",
    Outcome.UNCHANGED: "unchanged",
    Outcome.CANNOT_TELL: "unsure",
    Outcome.NEW: "added",
    Outcome.GONE: "removed",
}


def describe(file: FileChange) -> str:
    """One sentence about one file of a comparison: the size of the change, and the possible
    cause.
    """
    share = file.difference_share
    amount = f"{file.difference_ms:+,.0f} ms" + (f" ({share:+.0%})" if share is not None else "")
    text = f"{file.path} {amount}"
    if file.reason:
        text = f"{file.path}: {file.reason}"
    elif file.breaks:
        text += "; produces no DAGs"
    if file.new_imports:
        text += f"; now loads {', '.join(file.new_imports[:3])}"
    if file.gone_imports:
        text += f"; no longer loads {', '.join(file.gone_imports[:3])}"
    return text


def what_it_loads(change: Change) -> str:
    """The modules that an import statement loads, as a phrase for a sentence."""
    shown = ", ".join(safe_text(name, 60) for name in change.loads[:_SHOWN_MODULES])
    more = len(change.loads) - _SHOWN_MODULES
    return f"{shown} and {more} more" if more > 0 else shown or "nothing"


def advice(change: Change) -> str:
    """The sentence that tells the user what to change."""
    if change.called:
        text = _call_later(change)
        return text[:1].upper() + text[1:]
    what = what_it_loads(change)
    if change.names:
        names = ", ".join(safe_text(name, 60) for name in change.names)
        return (
            f"Move only {names} from this import into the functions that use"
            f" {'this name' if len(change.names) == 1 else 'these names'}. Parsing needs the other"
            f" names of this import.{_used_in(change)}"
        )
    if change.is_star:
        return (
            f"Import the names that you need from {what} inside the functions that use these names."
            " Python does not allow `import *` inside a function."
        )
    if change.is_unused:
        return "This import looks unused. Remove the import unless you need its side effects."
    if change.in_hints:
        return f"Only type hints use this import. Import {what} under `if TYPE_CHECKING:`."
    if change.in_function:
        return (
            "This import is in a function that runs during parsing. Move the import closer to its"
            " use, or call the function from a task."
        )
    return (
        f"Move the import of {what} from the top of the file into the functions that use the"
        f" import.{_freed_by(change)}{_used_in(change)}"
    )


def _freed_by(change: Change) -> str:
    """The calls that the user must move together with an import."""
    if not change.freed_by:
        return ""
    shown = ", ".join(safe_text(str(place), 120) for place in change.freed_by)
    return f" Also move the code at {shown}. During parsing, only this code needs the import."


def _call_later(change: Change) -> str:
    """The advice for a call, and the modules that the call loads during parsing."""
    called = safe_text(change.called, 60)
    names = ", ".join(safe_text(name, 60) for name in change.assigned[:_SHOWN_MODULES])
    if change.is_kept:
        needs = f" (needed at {safe_text(change.needed_at, 120)})" if change.needed_at else ""
        value = f"the value of {names}" if names else f"the result of {called}"
        text = (
            f"parsing needs {value}{needs}. But not every parse needs to call {called}. In a task"
            " or during deployment, write the result to a file. Read this file during parsing."
        )
    elif not change.assigned:
        text = f"parsing does not need the call to {called}. Call {called} only in tasks."
    elif change.is_unused:
        text = (
            f"no code uses {names}. Remove the call to {called} unless you need its side effects."
        )
    else:
        text = (
            f"parsing does not use {names}. Call {called} in a cached function, and call this"
            " function from tasks."
        )
    known = libraries.advice(change.called, change.executors, change.modules)
    also = f" {safe_text(known, 400)}" if known else _loaded(change)
    return f"{text}{also}{_used_in(change)}"


def _loaded(change: Change) -> str:
    """The number of modules that a call loads, and the names of their packages."""
    if not change.modules:
        return ""
    packages = list(dict.fromkeys(name.partition(".")[0] for name in change.loads))
    shown = ", ".join(safe_text(name, 60) for name in packages[:_SHOWN_MODULES])
    more = len(packages) - _SHOWN_MODULES
    others = f" and {count(more, 'more package')}" if more > 0 else ""
    return f" The call loads {count(change.modules, 'module')} ({shown}{others})."


def _used_in(change: Change) -> str:
    """The other files that import the names from this file. Such an import may fail only when a
    task runs.
    """
    if not change.used_in:
        return ""
    shown = ", ".join(safe_text(str(place), 120) for place in change.used_in[:_SHOWN_MODULES])
    more = len(change.used_in) - _SHOWN_MODULES
    verb, these = (
        ("imports", "this import") if len(change.used_in) == 1 else ("import", "these imports")
    )
    also = f" and {count(more, 'more place')}" if more > 0 else ""
    file = safe_text(change.place.file, 120)
    return f" {shown}{also} {verb} the same name from {file}. Change {these} too."


def way(change: Change) -> str:
    """The chain of imports from the DAG file, such as ``a.py:3 → common/db.py:7 → pandas``. Empty
    if the line is in the DAG file.
    """
    if len(change.chain) < 2:
        return ""
    return " → ".join(
        [*(safe_text(str(place), 120) for place in change.chain), what_it_loads(change)]
    )


def places(step: Step) -> str:
    """The places of a step's changes. Of the same call in many files, only the first places."""
    shown = step.changes[:_SHOWN_MODULES] if is_same_call(step) else step.changes
    more = len(step.changes) - len(shown)
    also = f" and {count(more, 'more file')}" if more else ""
    return f"{', '.join(_place(change) for change in shown)}{also}"


def is_same_call(step: Step) -> bool:
    """Whether a step removes the same call from several files."""
    called = {"" if change.assigned else change.called for change in step.changes}
    return len(step.changes) > 1 and len(called) == 1 and "" not in called


def _place(change: Change) -> str:
    return safe_text(str(change.place), 200)


def instruction(step: Step) -> str:
    """The changes of a step as one instruction."""
    if len(step.changes) == 1 or is_same_call(step):
        return advice(max(step.changes, key=lambda change: change.modules))
    imports = [change for change in step.changes if not change.called]
    loads = ", ".join(dict.fromkeys(what_it_loads(change) for change in imports))
    text = (
        f"Move the imports of {loads} into the functions that use the imports. " if imports else ""
    )
    text += "These changes save time only if you make all of them."
    for change in step.changes:
        if change.called:
            text += f" {_place(change)}: {_call_later(change)}"
            continue
        if change.is_star:
            text += f" {_place(change)}: replace `import *` with the names that you need."
        elif change.is_unused:
            text += (
                f" The import at {_place(change)} looks unused. Remove this import unless you need"
                " its side effects."
            )
        elif change.in_hints:
            text += (
                f" Only type hints use the import at {_place(change)}. Move this import under `if"
                " TYPE_CHECKING:`."
            )
        elif change.in_function:
            text += (
                f" The import at {_place(change)} is in a function that runs during parsing. Move"
                " this import closer to its use, or call the function from a task."
            )
        text += _used_in(change)
    return text


def with_above(plan: Plan, step: Step) -> str:
    """The time that a step and all steps above it save together."""
    return duration(plan.before_ms - step.total_ms)


def totals(plan: Plan, steps: int) -> str:
    """The total parse time after each step: ``41.2 s → 29.0 s → 12.3 s``."""
    return " → ".join(
        duration(ms) for ms in (plan.before_ms, *(step.total_ms for step in plan.steps[:steps]))
    )


def summary(run: Run, plan: Plan, steps: int) -> str:
    """The plan in a few sentences, without the last full stop."""
    changes = sum(len(step.changes) for step in plan.steps)
    text = (
        f"Total parse time now and after each change: {totals(plan, steps)}."
        f" {'All ' if changes > 1 else ''}"
        f"{count(changes, 'change')} in {count(plan.files_touched, 'source file')} would make"
        f" {count(plan.files_faster, 'DAG file')} faster"
    )
    if len(plan.steps) > steps:
        text = f"{text} and reduce the total to {duration(plan.after_ms)}"
    if not plan.untried:
        return text
    untested = f"{count(plan.untried, 'more line')} whose removal might save time"
    way_out = as_sentence(_to_test_more(run)).removesuffix(".")
    return f"{text}. dagprof did not test {untested}. {way_out}"


def _to_test_more(run: Run) -> str:
    """The next step for a user who wants dagprof to test more lines."""
    if run.settings.get("time_budget") is not None:
        return "raise --time-budget to test more lines"
    return (
        "each parse takes too long to test more lines"
        if run.settings.get("depth") == "full"
        else "use --depth full to test all lines"
    )


def no_plan(run: Run, plan: Plan) -> str:
    """The reason why the plan is empty, in one or two sentences."""
    if not is_traced(run):
        return f"No change is proposed. {NOT_TRACED}"
    if not plan.untried:
        return "No change is proposed. Moving an import or a call would save almost no time."
    lines = f"dagprof did not test {count(plan.untried, 'line')} whose removal might save time"
    return f"No change is proposed, but {lines}. {as_sentence(_to_test_more(run))}"


def is_untimed(experiment: Experiment) -> bool:
    """Whether the experiment proves only that the DAGs stay the same."""
    return experiment.need is Need.NOT_NEEDED and not experiment.is_proof


def untimed(experiments: Sequence[Experiment]) -> str:
    """The result of experiments without a measured saving, in two sentences."""
    if len(experiments) > 1:
        sets = "; ".join(map(_places, experiments))
        code = f"any one of the statements at {sets}"
    else:
        code = _statements(experiments[0])
    return f"Without {code}, the DAGs stay the same. The saving is too small to measure."


def _places(experiment: Experiment) -> str:
    return ", ".join(safe_text(str(place), 200) for place in experiment.without)


def _statements(experiment: Experiment) -> str:
    """The statements of an experiment, as an object of a sentence."""
    noun = "statement" if len(experiment.without) == 1 else "statements"
    return f"the {noun} at {_places(experiment)}"


def trial(experiment: Experiment) -> str:
    """The result of an experiment, in one or two sentences."""
    code = _statements(experiment)
    if experiment.need is Need.RAISES or experiment.need is Need.CHANGES_DAGS:
        return f"Parsing needs {code}. Reason: {safe_text(experiment.reason, 300)}."
    if experiment.need is Need.UNKNOWN:
        return f"dagprof could not test {code}. Reason: {safe_text(experiment.reason, 300)}."
    if is_untimed(experiment):
        return untimed([experiment])
    reuse = "reuses its value" if len(experiment.without) == 1 else "reuse their values"
    without = f"If {code} {reuse} from an earlier parse" if experiment.kept else f"Without {code}"
    if not experiment.is_shorter:
        figures = f"{-experiment.proved_ms:+.0f} ± {experiment.spread_ms:.0f} ms".replace("-", "−")
        return (
            f"{without}, the DAGs stay the same. The parse time does not change measurably"
            f" ({figures})."
        )
    memory = (
        sorted(experiment.memory_kib)[len(experiment.memory_kib) // 2] / 1024
        if experiment.memory_kib
        else 0.0
    )
    kept = f" and uses {memory:.0f} MiB less memory" if memory >= 1 else ""
    composed = " (composed)" if experiment.is_composed else ""
    return (
        f"{without}, the parse is {duration(experiment.proved_ms)} ±"
        f" {experiment.spread_ms:.0f} ms shorter{composed}{kept}. The DAGs stay the same."
    )
