"""How changes, plans and experiments are worded, alike in every report."""

from __future__ import annotations

from dagprof.analyse.fleet import Change, Plan, Step
from dagprof.model import Experiment, Need, Run
from dagprof.quantities import count
from dagprof.report.escape import safe_text
from dagprof.report.figures import NOT_TRACED, duration, is_traced

_SHOWN_MODULES = 3


def what_it_loads(change: Change) -> str:
    """The modules that an import statement asks for, the way to write them in a sentence."""
    shown = ", ".join(safe_text(name, 60) for name in change.loads[:_SHOWN_MODULES])
    more = len(change.loads) - _SHOWN_MODULES
    return f"{shown} and {more} more" if more > 0 else shown or "nothing"


def advice(change: Change) -> str:
    """The sentence that says what to do."""
    return f"Import {what_it_loads(change)} inside the functions that use it, not at the top."


def way(change: Change) -> str:
    """How the DAG file gets there: ``a.py:3 → common/db.py:7 → pandas``; empty where the line is the DAG file's own."""
    if len(change.chain) < 2:
        return ""
    return " → ".join([*(safe_text(str(place), 120) for place in change.chain), what_it_loads(change)])


def places(step: Step) -> str:
    """Where a step's changes are."""
    return ", ".join(safe_text(str(change.place), 200) for change in step.changes)


def instruction(step: Step) -> str:
    """What a step asks for, in one sentence."""
    if len(step.changes) == 1:
        return advice(step.changes[0])
    loads = ", ".join(dict.fromkeys(what_it_loads(change) for change in step.changes))
    return f"Import {loads} inside the functions that use it: only together do these lines save anything."


def totals(plan: Plan, steps: int) -> str:
    """The running total: ``41.2 s → 29.0 s → 12.3 s``."""
    return " → ".join(duration(ms) for ms in (plan.before_ms, *(step.total_ms for step in plan.steps[:steps])))


def summary(plan: Plan, steps: int) -> str:
    """The plan in one sentence."""
    changes = sum(len(step.changes) for step in plan.steps)
    text = (
        f"{totals(plan, steps)}; all {count(changes, 'change')} in {count(plan.files_touched, 'source file')} "
        f"would make {count(plan.files_faster, 'DAG file')} faster"
    )
    text = f"{text} and leave {duration(plan.after_ms)}" if len(plan.steps) > steps else text
    return f"{text}; {count(plan.untried, 'more line')} not tried (--depth full)" if plan.untried else text


def no_plan(run: Run, plan: Plan) -> str:
    """Why an empty plan is empty, in one sentence."""
    if not is_traced(run):
        return f"No change was looked for. {NOT_TRACED}"
    if not plan.untried:
        return "No import that could be moved would save anything worth while."
    lines = (
        f"{count(plan.untried, 'line')} that might save something {'was' if plan.untried == 1 else 'were'} not tried"
    )
    return f"No change is proposed: {lines}; --depth full tries all."


def trial(experiment: Experiment) -> str:
    """What an experiment showed, in one sentence."""
    where = ", ".join(safe_text(str(place), 200) for place in experiment.without)
    if experiment.need is Need.RAISES or experiment.need is Need.CHANGES_DAGS:
        return f"{where} is needed: {safe_text(experiment.reason, 300)}."
    if experiment.need is Need.UNKNOWN:
        return f"{where} could not be tried: {safe_text(experiment.reason, 300)}."
    if not experiment.is_proof:
        return f"Without {where} the DAGs stay the same; what that saves alone was not timed."
    if not experiment.is_shorter:
        figures = f"{-experiment.proved_ms:+.0f} ± {experiment.spread_ms:.0f} ms".replace("-", "−")
        return f"Without {where} the DAGs stay the same, and so does the parse time as far as can be told ({figures})."
    memory = sorted(experiment.memory_kib)[len(experiment.memory_kib) // 2] / 1024 if experiment.memory_kib else 0.0
    kept = f" and takes {memory:.0f} MiB less" if memory >= 1 else ""
    return (
        f"Without {where} the parse is {duration(experiment.proved_ms)} ± {experiment.spread_ms:.0f} ms shorter{kept}, "
        "and the DAGs stay the same."
    )
