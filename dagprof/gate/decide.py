"""The verdict on two Runs whose samples are pairs. Statistics decide on the parse times, rules on
everything else.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dagprof.analyse import causes
from dagprof.config.policy import (
    FileLimits,
    Level,
    Override,
    Policy,
    Rule,
    Waiver,
    below,
    limits_for,
)
from dagprof.gate import outcomes, rules, waivers
from dagprof.gate.case import Case
from dagprof.gate.parsed import Parsed
from dagprof.gate.precedents import Precedents
from dagprof.gate.tied import Changed
from dagprof.gate.verdict import Decision, FileVerdict, Finding, Verdict
from dagprof.judge import pairs
from dagprof.judge.comparable import both_timed, is_comparable
from dagprof.judge.judgement import Judgement, Limits, Outcome
from dagprof.model import FileResult, Frozen, Place, Run, SkippedFile, Status
from dagprof.quantities import count, parse_duration_ms, parse_share


class Demand(Frozen, frozen=True):
    """The gate's demands on these files on this day. ``folders`` leads from the configuration file
    to the bundle root.

    ``prefix`` leads to the bundle root from the root of the repository; the paths of judged files
    are relative to the latter. ``asks_for_times`` says whether the gate judges parse times at all.
    ``every_failure`` says that ``import-error`` finds each file that gives no DAGs, and not only
    files that gave some in the base.
    """

    today: datetime.date
    policy: Policy = Policy()
    overrides: tuple[Override, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    folders: str = ""
    prefix: str = ""
    asks_for_times: bool = True
    every_failure: bool = False

    def limits(self, path: str) -> FileLimits:
        """The limits of one file."""
        return limits_for(
            below(path, self.prefix), self.policy, self.overrides, folders=self.folders
        )

    def accepted(self, found: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings, each with the waiver that accepts it if there is one."""
        return tuple(
            waivers.applied(
                each, self.waivers, self.today, folders=self.folders, prefix=self.prefix
            )
            for each in found
        )

    def timing(self, path: str) -> Limits:
        """The limits above which a change of the file's parse time counts."""
        return _timing_limits(self.limits(path))

    @property
    def false_alarms(self) -> float:
        """The chance that a run reports any false regression."""
        return parse_share(self.policy.false_alarms)


def _timing_limits(limits: FileLimits) -> Limits:
    return Limits(parse_share(limits.relative or "0%"), parse_duration_ms(limits.absolute or "0ms"))


class Compared(Frozen, frozen=True):
    """The measurements: both sides, their names, files out of reach, doubts, and the changed lines
    of each source file.

    ``working_lines`` are the changed lines that call or compute something when their module is
    imported. ``begun_lines`` are the first lines of the statements that contain changed lines.
    ``renamed`` maps the new name of each renamed file to its old name; both Runs use the new one.
    ``others`` are parses of the base's DAG files that the change cannot reach, traced to find what
    they do through helpers that a changed file begins to use. ``more_others`` says that dagprof did
    not trace all of those.
    """

    base: Run
    head: Run
    base_name: str
    head_name: str
    unaffected: int = 0
    doubts: tuple[str, ...] = ()
    changed_lines: Mapping[str, Sequence[int]] = {}
    working_lines: Mapping[str, Sequence[int]] = {}
    begun_lines: Mapping[str, Sequence[int]] = {}
    renamed: Mapping[str, str] = {}
    others: Run | None = None
    more_others: bool = False

    @property
    def changed(self) -> Changed:
        """All kinds of changed lines, in the form that the search for a cause needs."""
        return Changed(self.changed_lines, self.working_lines, self.begun_lines)

    @property
    def precedents(self) -> Precedents:
        """What the base's DAG files do through helpers, from complete traces only."""
        runs = [run for run in (self.base, self.others) if run is not None]
        parses = [
            Parsed(file, run)
            for run in runs
            for file in run.files
            if file.trace and not file.status.is_failure
        ]
        return Precedents(parses, self.changed_lines, may_be_more=self.more_others)


def decide(compared: Compared, demand: Demand, version: str = "") -> Verdict:
    """Judge parses that were measured in turns."""
    timed = both_timed(compared.base, compared.head)
    judged = pairs.judge(
        {
            path: pairs.Sides(old.samples.own_ms, new.samples.own_ms)
            for path, (old, new) in timed.items()
        },
        {path: demand.timing(path) for path in timed},
        demand.false_alarms,
    )
    # A file that lost DAGs parses something else, so its slow-down says nothing about the change.
    told = {
        path: (
            judgement if is_comparable(*timed[path]) else judgement.left_open("the file lost DAGs")
        )
        for path, judgement in judged.items()
    }
    return verdict_on(compared, demand, told, version)


def verdict_on(
    compared: Compared, demand: Demand, judged: Mapping[str, Judgement], version: str
) -> Verdict:
    """The findings of the rules and the outcomes of the times, file by file, and the decision for
    the whole.
    """
    before = {file.path: file for file in compared.base.files}
    after = {file.path: file for file in compared.head.files}
    skipped = {file.path: file for file in compared.head.skipped}
    precedents = compared.precedents
    verdict = Verdict(
        decision=Decision.PASSED,
        reason="",
        base=compared.base_name,
        head=compared.head_name,
        files=tuple(
            _file_verdict(
                path,
                before.get(path),
                after.get(path),
                skipped.get(path),
                judged.get(path),
                compared,
                precedents,
                demand,
            )
            for path in sorted(before.keys() | after.keys())
        ),
        unaffected=compared.unaffected,
        findings=waivers.expired(
            demand.waivers, demand.today, demand.limits("").rules[Rule.EXPIRED_WAIVER]
        ),
        doubts=compared.doubts,
        wall_s=compared.head.wall_s,
        dagprof_version=version,
    )
    unused = waivers.unused(
        demand.waivers,
        verdict.all_findings,
        demand.today,
        compared.changed_lines,
        folders=demand.folders,
        prefix=demand.prefix,
    )
    return _concluded(
        msgspec.structs.replace(verdict, doubts=(*verdict.doubts, *unused)), compared.head
    )


def _file_verdict(
    path: str,
    old: FileResult | None,
    new: FileResult | None,
    skipped: SkippedFile | None,
    judged: Judgement | None,
    compared: Compared,
    precedents: Precedents,
    demand: Demand,
) -> FileVerdict:
    if new is None:
        return _not_parsed(path, old, skipped, demand)
    base = Parsed(old, compared.base) if old is not None else None
    head = Parsed(new, compared.head)
    limits = demand.limits(path)
    timeout_ms = compared.head.environment.import_timeout_s * 1000
    case = Case(base, head, limits, timeout_ms, precedents, every_failure=demand.every_failure)
    found, notes = rules.judged(case)
    least_ms = _timing_limits(limits).least_ms(judged.base_ms if judged else 0.0)
    if demand.asks_for_times:
        told = outcomes.outcome(path, old, new, judged, (base, head), compared.changed, least_ms)
    else:
        told = outcomes.untimed(path, old, new)
    if path in compared.renamed:
        told = told._replace(
            reason=f"{told.reason}. The file was renamed from {compared.renamed[path]}"
        )
    may_be_slower = _may_be_slower(told.outcome, new, judged, found, least_ms)
    rule = (
        Rule.SLOWER
        if told.outcome is Outcome.REGRESSION
        else Rule.UNSURE
        if may_be_slower
        else None
    )
    if rule is not None and limits.rules[rule] is not Level.OFF:
        found = (_slower(rule, limits.rules[rule], told, head), *found)
    return FileVerdict(
        path=path,
        outcome=told.outcome,
        reason=told.reason,
        timing=outcomes.timing(judged, old, new),
        findings=demand.accepted(found),
        may_be_slower=may_be_slower,
        parse_ms=round(new.own_ms, 3) if told.outcome is Outcome.NEW and new.is_timed else None,
        notes=(*outcomes.paid_already(head, precedents, told.outcome), *notes),
    )


def _may_be_slower(
    outcome: Outcome,
    new: FileResult,
    judged: Judgement | None,
    found: Iterable[Finding],
    least_ms: float,
) -> bool:
    """Whether a regression is neither shown nor ruled out. A file that is known to be broken fails
    anyway.
    """
    needs_answer = new.status is Status.NEEDS_ANSWER
    if not needs_answer and (
        outcome is not Outcome.CANNOT_TELL or (judged and judged.is_not_slower(least_ms))
    ):
        return False
    return all(finding.rule is not Rule.IMPORT_ERROR for finding in found)


def _slower(rule: Rule, level: Level, told: outcomes.Told, head: Parsed) -> Finding:
    """The finding for a file's slower time, at the line behind it if known."""
    path = head.file.path
    place = told.cause.place if told.cause is not None else _asked_at(head)
    place = place or Place(file=path, line=0)
    return Finding(
        rule=rule, level=level, path=path, file=place.file, line=place.line, message=told.reason
    )


def _asked_at(head: Parsed) -> Place | None:
    """The place where a file asks for the answer that it fails without."""
    first = next(iter(head.file.unanswered), None)
    return head.shown_place(first.file, first.line) if first is not None else None


def _not_parsed(
    path: str, old: FileResult | None, skipped: SkippedFile | None, demand: Demand
) -> FileVerdict:
    """A file that is gone, or that still exists but that Airflow skips."""
    if skipped is None:
        return FileVerdict(path=path, outcome=Outcome.GONE, reason=f"{path} no longer exists")
    found = []
    level = demand.limits(path).rules[Rule.IMPORT_ERROR]
    if old is not None and skipped.loses_dags_of(old) and level is not Level.OFF:
        message = f"{path} no longer gives DAGs: {skipped.why}"
        found.append(
            Finding(
                rule=Rule.IMPORT_ERROR, level=level, path=path, file=path, line=0, message=message
            )
        )
    reason = f"{path} is no longer parsed: {skipped.why}"
    return FileVerdict(
        path=path, outcome=Outcome.GONE, reason=reason, findings=demand.accepted(found)
    )


def _concluded(verdict: Verdict, head: Run) -> Verdict:
    """The verdict on ``head`` with its decision and one sentence for the whole."""
    failing = [finding for finding in verdict.all_findings if finding.fails]
    unsure = [file for file in verdict.files if file.may_be_slower]
    if failing:
        files = len({finding.path for finding in failing})
        decision = Decision.FAILED
        verb = "fails" if len(failing) == 1 else "fail"
        reason = f"{count(len(failing), 'finding')} in {count(files, 'file')} {verb} the gate."
    elif causes.all_failed(head):  # the times belong to parses that broke off
        decision, reason = (
            Decision.CANNOT_TELL,
            "No DAG file could be loaded, so dagprof measured nothing.",
        )
    elif unsure:
        decision, reason = (
            Decision.CANNOT_TELL,
            (
                f"No regression found; {count(len(unsure), 'file')}"
                f" {'is' if len(unsure) == 1 else 'are'} inconclusive."
            ),
        )
    else:
        decision, reason = Decision.PASSED, _passed(verdict)
    concluded: Verdict = msgspec.structs.replace(verdict, decision=decision, reason=reason)
    return concluded


def _passed(verdict: Verdict) -> str:
    if not verdict.files:
        return "The change affects no DAG file."
    waived = sum(bool(finding.waived) for finding in verdict.all_findings)
    slower = len(verdict.of(Outcome.REGRESSION))
    what = (
        f"{count(slower, 'file')} became slower, but waivers accept"
        f" {'this regression' if slower == 1 else 'these regressions'}"
        if slower
        else "No file became slower beyond the limits"
    )
    measured = len(verdict.files) - len(verdict.of(Outcome.GONE))
    text = f"{what}; {count(measured, 'file')} measured"
    return text + (f", {count(waived, 'finding')} accepted." if waived else ".")
