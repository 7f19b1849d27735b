"""The verdict on two Runs whose samples are pairs. Statistical tests judge the parse times. Rules
judge all other results.
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

_NOT_LOADED = "No affected DAG file could be loaded, so dagprof compared no parse times."


class Demand(Frozen, frozen=True):
    """The limits, rules and waivers that the gate applies, and the date on which the gate runs.
    ``folders`` is the path from the configuration file to the bundle root.

    ``prefix`` is the path from the root of the repository to the bundle root. The paths of judged
    files are relative to the root of the repository. ``asks_for_times`` says whether the gate
    judges parse times. If ``every_failure`` is true, the rule ``import-error`` reports each file
    that produces no DAGs, even if the file produced no DAGs in the base.
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
        """The findings. Each finding that a waiver accepts names its waiver."""
        places = {"folders": self.folders, "prefix": self.prefix}
        return tuple(waivers.applied(each, self.waivers, self.today, **places) for each in found)

    def timing(self, path: str) -> Limits:
        """The limits that a change of the file's parse time must exceed to count."""
        limits = self.limits(path)
        return Limits(
            parse_share(limits.relative or "0%"), parse_duration_ms(limits.absolute or "0ms")
        )

    @property
    def false_alarms(self) -> float:
        """The probability that a run without any real change reports a regression."""
        return parse_share(self.policy.false_alarms)


class Compared(Frozen, frozen=True):
    """The measurements of both versions, and the lines that the change touches in each source file.

    ``unaffected`` is the number of DAG files that the change cannot reach. ``left_out`` is the
    number of DAG files that the change may affect and for which the measured files stand, unless
    ``has_sample`` is false. ``doubts`` are notes on the measurement. ``working_lines`` are the
    changed lines that call or compute something when their module is imported. ``begun_lines`` are
    the first lines of the statements that contain changed lines. ``renamed`` maps the new name of
    each renamed file to its old name; both Runs use the new name. ``practices`` are findings of
    ``dagprof check`` at changed lines. ``others`` holds traced parses of DAG files of the base that
    the change cannot reach, with the effects that these files already have through helpers.
    ``more_others`` says that dagprof traced only some of them. ``others_load`` says that all
    measured files fail, but another DAG file can be loaded.
    """

    base: Run
    head: Run
    base_name: str
    head_name: str
    unaffected: int = 0
    left_out: int = 0
    has_sample: bool = True
    doubts: tuple[str, ...] = ()
    changed_lines: Mapping[str, Sequence[int]] = {}
    working_lines: Mapping[str, Sequence[int]] = {}
    begun_lines: Mapping[str, Sequence[int]] = {}
    renamed: Mapping[str, str] = {}
    practices: tuple[Finding, ...] = ()
    others: Run | None = None
    more_others: bool = False
    others_load: bool = False

    @property
    def changed(self) -> Changed:
        """All kinds of changed lines, in the form that the search for a cause needs."""
        return Changed(self.changed_lines, self.working_lines, self.begun_lines)

    @property
    def precedents(self) -> Precedents:
        """The effects and imports that DAG files of the base have through helpers. Only complete
        traces count.
        """
        runs = [run for run in (self.base, self.others) if run is not None]
        parses = [
            Parsed(file, run)
            for run in runs
            for file in run.files
            if file.trace and not file.status.is_failure
        ]
        return Precedents(parses, self.changed_lines, may_be_more=self.more_others)


def decide(compared: Compared, demand: Demand, version: str = "") -> Verdict:
    """Judge two versions whose parses took turns."""
    timed = both_timed(compared.base, compared.head)
    sides = {
        path: pairs.Sides(old.samples.own_ms, new.samples.own_ms)
        for path, (old, new) in timed.items()
    }
    judged = pairs.judge(sides, {path: demand.timing(path) for path in timed}, demand.false_alarms)
    # A file that lost DAGs parses something else, so its slow-down says nothing about the change.
    told = {
        path: (
            judgement
            if is_comparable(*timed[path])
            else judgement.left_open("the file no longer produces all of its DAGs")
        )
        for path, judgement in judged.items()
    }
    return verdict_on(compared, demand, told, version)


def verdict_on(
    compared: Compared, demand: Demand, judged: Mapping[str, Judgement], version: str
) -> Verdict:
    """The outcome and the findings of each file, and the decision on the whole change."""
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
        left_out=compared.left_out,
        findings=(*demand.accepted(compared.practices), *_expired(demand)),
        doubts=(*compared.doubts, *outcomes.unloaded(before, after)),
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
    decision, reason = _decision(verdict, compared)
    concluded: Verdict = msgspec.structs.replace(
        verdict, decision=decision, reason=reason, doubts=(*verdict.doubts, *unused)
    )
    return concluded


def _expired(demand: Demand) -> tuple[Finding, ...]:
    rules = demand.limits("").rules
    return waivers.expired(demand.waivers, demand.today, rules[Rule.EXPIRED_WAIVER])


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
    least_ms = demand.timing(path).least_ms(judged.base_ms if judged else 0.0)
    if demand.asks_for_times:
        told = outcomes.outcome(path, old, new, judged, (base, head), compared.changed, least_ms)
    else:
        told = outcomes.untimed(path, old, new)
    if path in compared.renamed:
        told = told._replace(
            reason=f"{told.reason}. The file was renamed from {compared.renamed[path]}"
        )
    may_be_slower = _may_be_slower(told.outcome, new, judged, found, least_ms)
    rule = Rule.UNSURE if may_be_slower else None
    if told.outcome is Outcome.REGRESSION:
        rule = Rule.SLOWER
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
    """Whether a regression is possible but not proved. A file that is known to be broken does not
    count, because that file fails the gate anyway.
    """
    needs_answer = new.status is Status.NEEDS_ANSWER
    if not needs_answer and (
        outcome is not Outcome.CANNOT_TELL or (judged and judged.is_not_slower(least_ms))
    ):
        return False
    return all(finding.rule is not Rule.IMPORT_ERROR for finding in found)


def _slower(rule: Rule, level: Level, told: outcomes.Told, head: Parsed) -> Finding:
    """The finding for a slower file, placed at the line that causes the slow-down. Without a known
    line, the finding is placed at the file.
    """
    path = head.file.path
    place = told.cause.place if told.cause is not None else _asked_at(head)
    place = place or Place(file=path, line=0)
    return Finding(
        rule=rule, level=level, path=path, file=place.file, line=place.line, message=told.reason
    )


def _asked_at(head: Parsed) -> Place | None:
    """The place where a file reads the missing value without which the file fails."""
    first = next(iter(head.file.unanswered), None)
    return head.shown_place(first.file, first.line) if first is not None else None


def _not_parsed(
    path: str, old: FileResult | None, skipped: SkippedFile | None, demand: Demand
) -> FileVerdict:
    """The verdict on a file that no longer exists, or that Airflow now skips."""
    if skipped is None:
        return FileVerdict(path=path, outcome=Outcome.GONE, reason=f"{path} no longer exists")
    found = []
    level = demand.limits(path).rules[Rule.IMPORT_ERROR]
    if old is not None and skipped.loses_dags_of(old) and level is not Level.OFF:
        message = f"{path} no longer produces DAGs: {skipped.why}"
        found.append(
            Finding(
                rule=Rule.IMPORT_ERROR, level=level, path=path, file=path, line=0, message=message
            )
        )
    reason = f"{path} is no longer parsed: {skipped.why}"
    return FileVerdict(
        path=path, outcome=Outcome.GONE, reason=reason, findings=demand.accepted(found)
    )


def _decision(verdict: Verdict, compared: Compared) -> tuple[Decision, str]:
    """The decision on the whole change, and its reason in one or two sentences."""
    failing = [finding for finding in verdict.all_findings if finding.fails]
    unsure = sum(file.may_be_slower for file in verdict.files)
    if failing:
        files = len({finding.path for finding in failing})
        verb = "fails" if len(failing) == 1 else "fail"
        text = f"{count(len(failing), 'finding')} in {count(files, 'file')} {verb} the gate."
        return Decision.FAILED, text
    if causes.all_failed(compared.head):  # the times belong to parses that broke off
        if compared.others_load:
            return Decision.CANNOT_TELL, f"{_NOT_LOADED} Other DAG files can be loaded."
        return Decision.CANNOT_TELL, "No DAG file could be loaded, so dagprof measured nothing."
    if not compared.has_sample:
        affected = count(verdict.left_out, "DAG file")
        text = f"The change may affect {affected}, but dagprof measured no affected file."
        return Decision.CANNOT_TELL, text
    if unsure:
        verb = "is" if unsure == 1 else "are"
        text = f"No regression found; {count(unsure, 'file')} {verb} inconclusive."
        return Decision.CANNOT_TELL, text
    return Decision.PASSED, _passed(verdict)


def _passed(verdict: Verdict) -> str:
    if not verdict.files:
        return "The change affects no DAG file."
    waived = sum(bool(finding.waived) for finding in verdict.all_findings)
    slower = len(verdict.of(Outcome.REGRESSION))
    what = (
        f"{count(slower, 'file')} became slower, but waivers accept"
        f" {'this regression' if slower == 1 else 'these regressions'}"
        if slower
        else "No file slowed down by more than the limits allow"
    )
    measured = len(verdict.files) - len(verdict.of(Outcome.GONE))
    text = f"{what}. dagprof measured {count(measured, 'file')}."
    if verdict.left_out:
        affected = f"{measured:,} of {measured + verdict.left_out:,} files"
        text = f"{what}. dagprof measured {affected} that the change may affect."
    return text + (f" Waivers accept {count(waived, 'finding')}." if waived else "")
