"""DP104: a Variable or Connection that is looked up during parsing."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.analyse.others.collected import LookupChange
from dagprof.analyse.others.lookups import lookups
from dagprof.config.checks import Severity
from dagprof.model import LookupOutcome
from dagprof.practices.costs import in_loops
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject
from dagprof.quantities import count


def _find(subject: Subject) -> Iterator[Finding]:
    found = lookups(subject.run)
    trials = {change.line.place: change for change in subject.others.lookups}
    for line in found.lines:
        if line.place.line <= 0:
            continue
        a_day = round(line.lookups * subject.loops_per_day)
        what = "Variable" if line.kind == "variable" else "Connection"
        keys = ", ".join(line.keys[:3]) + (" and others" if line.keys[3:] else "")
        where = f"each parse of {count(len(line.files), 'DAG file')}"
        message = f"This line looks up the {what} {keys} in {where}."
        cost = f"Airflow makes {count(a_day, 'lookup')} a day for this line."
        if line.cost_ms:
            cost = in_loops(subject, line.cost_ms)
        yield RULE.finding(
            line.place.file,
            line.place.line,
            message,
            key=f"{what} {keys}",
            cost=cost,
            advice=_advice(line.kind, keys, trials.get(line.place)),
        )


def _advice(kind: str, keys: str, change: LookupChange | None) -> str:
    """What an experiment showed, or the usual way out."""
    outcome = change.trial.outcome if change is not None and change.trial is not None else None
    if outcome is LookupOutcome.TEMPLATE and kind == "variable" and "," not in keys:
        return f"Use the template {{{{ var.value.{keys} }}}}, which Airflow renders in the task."
    if outcome is LookupOutcome.NEEDED:
        return "Parsing needs the value: put it into the file, or into an environment variable."
    return RULE.advice


RULE = Rule(
    code="DP104",
    name="lookup",
    family=Family.PARSE,
    severity=Severity.WARNING,
    summary="A Variable or Connection that is looked up during parsing.",
    cost="Each parse asks the secrets backends and the database.",
    advice="Look it up in the task, or use a template such as {{ var.value.name }}.",
    bad="""
bucket = Variable.get("bucket")
""",
    good="""
copy = BashOperator(
    task_id="copy", bash_command="aws s3 sync /data s3://{{ var.value.bucket }}"
)
""",
    find=_find,
)
