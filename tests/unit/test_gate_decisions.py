"""What became of each file, and what the gate decides of the whole."""

from __future__ import annotations

import datetime

import msgspec
import pytest

from dagprof.config.policy import Level, Override, Rule
from dagprof.gate.verdict import Decision
from dagprof.judge.judgement import Outcome
from dagprof.model import EXISTENCE, FileResult, Instability, Status
from dagprof.report.verdict import words
from unit.builders import file, loads, samples, statement, trace
from unit.gating import (
    BROKEN,
    NO_LOADS,
    UNSTABLE,
    after,
    effect,
    found,
    judged,
    parsed,
    policy,
    slower,
    times,
    waiver,
)


@pytest.mark.parametrize(
    ("base", "head", "outcome", "sentence"),
    [
        (
            file("a.py", *times(100)),
            file("a.py", *times(400)),
            Outcome.REGRESSION,
            "a.py is 300 ms (299 %) slower. No single line",
        ),
        (
            file("a.py", *times(400)),
            file("a.py", *times(100)),
            Outcome.IMPROVEMENT,
            "a.py is 300 ms (75 %) faster",
        ),
        (
            file("a.py", *times(100)),
            file("a.py", *times(101)),
            Outcome.UNCHANGED,
            "a.py changed by +1 ms (+1 %), within the limits",
        ),
        (
            file("a.py", 1, 90),
            file("a.py", 90, 1),
            Outcome.CANNOT_TELL,
            "a.py is inconclusive. After 2 parses of each version, the measured change is between −89 and +89 ms",
        ),
        (None, file("a.py", 60, 70, 80), Outcome.NEW, "a.py is new and takes 70 ms"),
        (
            None,
            file("a.py", status=Status.TIMED_OUT),
            Outcome.NEW,
            "a.py is new and produces no DAGs (status: timed-out)",
        ),
        (file("a.py", 60), None, Outcome.GONE, "a.py no longer exists"),
        (
            file("a.py"),
            file("a.py", 60),
            Outcome.CANNOT_TELL,
            "a.py was not compared, because the time budget ran out",
        ),
        (
            file("a.py", 60),
            file("a.py", 60, status=Status.IMPORT_ERROR),
            Outcome.CANNOT_TELL,
            "a.py produces no DAGs (status: ok before, import-error now)",
        ),
        (
            file("a.py", status=Status.KILLED),
            file("a.py", status=Status.TIMED_OUT),
            Outcome.UNCHANGED,
            "a.py produces no DAGs in either version (status: timed-out)",
        ),
    ],
)
def test_what_became_of_a_file(
    base: FileResult | None, head: FileResult | None, outcome: Outcome, sentence: str
) -> None:
    (told,) = judged([base] if base else [], [head] if head else []).files
    assert told.outcome is outcome
    assert sentence in told.reason


def test_a_new_file_is_told_with_the_statement_that_most_of_it_goes_into() -> None:
    (told,) = judged([], [after(statements=[statement(9, 310_000), statement(11, 20_000)])]).files
    assert (
        told.reason
        == "a.py is new and takes 400 ms to parse. Line 9 takes 78% of the parse time (`statement(9)`)"
    )
    assert told.parse_ms == pytest.approx(400, rel=0.02)
    many = [statement(line, 40_000) for line in range(3, 13)]
    assert (
        judged([], [after(statements=many)]).files[0].reason
        == "a.py is new and takes 400 ms to parse"
    )


def test_why_the_base_failed_is_told() -> None:
    """It may lack files that git does not keep, where the change is not to blame."""
    broken = file("a.py", 60, status=Status.IMPORT_ERROR, failures=(BROKEN,))
    (told,) = judged([broken], [file("a.py", 60)]).files
    assert (
        told.reason
        == "a.py has no comparable parse times (status: import-error before, ok now). The base version failed with"
        " KeyError: 'x'"
    )


def test_a_renamed_file_is_told_with_its_old_name() -> None:
    base, head = slower()
    (told,) = judged([base], [head], renamed={"a.py": "worker.py"}).files
    assert told.reason.endswith(". The file was renamed from worker.py")


def test_a_regression_fails_and_is_told_with_its_figures() -> None:
    same = file("b.py", *times(50))
    verdict = judged([slower()[0], same], [slower()[1], same], unaffected=7, doubts=("busy",))
    assert verdict.decision is Decision.FAILED
    assert verdict.reason == "1 finding in 1 file fails the gate."
    assert (verdict.base, verdict.head, verdict.unaffected) == ("main", "the working tree", 7)
    assert (verdict.doubts, verdict.dagprof_version, verdict.wall_s) == (("busy",), "9.9", 4.0)
    timing = verdict.files[0].timing
    assert timing is not None
    assert (timing.base_ms, timing.head_ms, timing.change_ms, timing.pairs) == (
        100.4,
        400.4,
        300,
        9,
    )
    assert timing.head_samples_ms == pytest.approx(times(400))


@pytest.mark.parametrize(
    ("level", "decision", "findings"),
    [
        (Level.ERROR, Decision.FAILED, 1),
        (Level.WARNING, Decision.PASSED, 1),
        (Level.OFF, Decision.PASSED, 0),
    ],
)
def test_the_level_of_a_regression_decides(level: Level, decision: Decision, findings: int) -> None:
    base, head = slower()
    verdict = judged([base], [head], policy(slower=level))
    assert verdict.decision is decision
    assert len(verdict.all_findings) == findings
    assert verdict.files[0].outcome is Outcome.REGRESSION


@pytest.mark.parametrize(
    ("level", "decision"),
    [
        (Level.ERROR, Decision.FAILED),
        (Level.WARNING, Decision.CANNOT_TELL),
        (Level.OFF, Decision.CANNOT_TELL),
    ],
)
def test_what_cannot_be_told_fails_only_where_it_was_asked_for(
    level: Level, decision: Decision
) -> None:
    verdict = judged([file("a.py", 1, 90)], [file("a.py", 90, 1)], policy(unsure=level))
    assert verdict.decision is decision
    if decision is Decision.CANNOT_TELL:
        assert verdict.reason == "No regression found; 1 file is inconclusive."


def test_files_that_fail_in_both_versions_are_told() -> None:
    """Their times say nothing about the code behind the failure."""

    def side(*statuses: Status) -> list[FileResult]:
        return [
            file(f"{name}.py", *times(100), status=status)
            for name, status in zip("abc", statuses, strict=False)
        ]

    fails, fine = Status.IMPORT_ERROR, Status.OK
    assert judged(side(fine, fine), side(fine, fine)).doubts == ()
    (text,) = judged(side(fails, fine), side(fails, fine)).doubts
    assert text == (
        "1 file (a.py) fails in both versions (status: import-error). In such a file, dagprof"
        " compares only the code that runs before the failure."
    )
    (text,) = judged(side(fails, fails, fine), side(fails, fails, fails)).doubts
    assert text.startswith("2 files, such as a.py, fail in both versions (status: import-error)")


def test_the_environment_is_not_blamed_for_failing_files_if_other_files_load() -> None:
    broken = file("a.py", *times(100), status=Status.IMPORT_ERROR, failures=(BROKEN,), dag_ids=())
    alone = judged([broken], [broken])
    beside = judged([broken], [broken], others_load=True)
    assert alone.reason == "No DAG file could be loaded, so dagprof measured nothing."
    assert beside.reason == (
        "No affected DAG file could be loaded, so dagprof compared no parse times. Other DAG files"
        " can be loaded."
    )
    assert {alone.decision, beside.decision} == {Decision.CANNOT_TELL}
    assert beside.doubts == alone.doubts != ()


def test_a_failure_outweighs_what_cannot_be_told() -> None:
    base, head = slower()
    verdict = judged([base, file("b.py", 1, 90)], [head, file("b.py", 90, 1)])
    assert verdict.decision is Decision.FAILED


def test_an_accepted_regression_passes_and_is_not_denied() -> None:
    base, head = slower()
    verdict = judged([base], [head], {"waivers": (waiver(),)})
    assert verdict.decision is Decision.PASSED
    assert (
        verdict.reason
        == "1 file became slower, but waivers accept this regression. dagprof measured 1 file. Waivers accept 1 finding."
    )
    assert (
        judged([base], [base]).reason
        == "No file slowed down by more than the limits allow. dagprof measured 1 file."
    )


def test_an_expired_waiver_fails_although_nothing_else_does() -> None:
    same = file("a.py", *times(50))
    verdict = judged(
        [same],
        [same],
        {"waivers": (waiver(until=datetime.date(2026, 4, 30), file="pyproject.toml"),)},
    )
    assert verdict.decision is Decision.FAILED
    assert [each.rule for each in verdict.findings] == [Rule.EXPIRED_WAIVER]


def test_without_any_file_nothing_can_be_reached() -> None:
    verdict = judged([], [])
    assert (verdict.decision, verdict.reason) == (
        Decision.PASSED,
        "The change affects no DAG file.",
    )


def test_measured_files_stand_for_those_that_were_left_out() -> None:
    same = file("a.py", *times(50))
    verdict = judged([same], [same], left_out=299)
    assert (verdict.decision, verdict.left_out) == (Decision.PASSED, 299)
    assert verdict.reason == (
        "No file slowed down by more than the limits allow. dagprof measured 1 of 300 files that the"
        " change may affect."
    )
    assert (
        "The change may affect 299 other files, which dagprof did not measure. The measurement took"
        in words.compared(verdict)
    )


def test_nothing_is_told_if_all_affected_files_were_left_out() -> None:
    same = file("a.py", *times(50))
    verdict = judged([same], [same], left_out=3, has_sample=False)
    assert (verdict.decision, verdict.reason) == (
        Decision.CANNOT_TELL,
        "The change may affect 3 DAG files, but dagprof measured no affected file.",
    )


def test_files_may_have_limits_of_their_own() -> None:
    (a, slow_a), (b, slow_b) = slower("a.py"), slower("b.py")
    wide = Override(files=("b.py",), absolute="1s")
    verdict = judged([a, b], [slow_a, slow_b], {"overrides": (wide,)})
    assert [file.outcome for file in verdict.files] == [Outcome.REGRESSION, Outcome.UNCHANGED]


def test_time_in_a_queue_for_a_processor_is_nobodys_fault() -> None:
    waited = msgspec.structs.replace(samples(*times(400)), queued_ms=(300.0,) * 9)
    verdict = judged([file("a.py", *times(100))], [file("a.py", samples=waited)])
    assert verdict.files[0].outcome is Outcome.UNCHANGED


def test_findings_that_fail_come_first() -> None:
    base, head = slower()
    base = msgspec.structs.replace(base, trace=trace(100, NO_LOADS, ()))
    head = msgspec.structs.replace(head, effects=(effect("process", "ls"),))
    verdict = judged([base], [head], policy(slower=Level.WARNING))
    assert [each.rule for each in verdict.all_findings] == [Rule.NEW_PROCESS, Rule.SLOWER]
    assert verdict.reason == "1 finding in 1 file fails the gate."


def test_where_the_base_was_not_traced_nothing_it_loads_or_does_is_new() -> None:
    base, head = (
        file("a.py", *times(100)),
        after(loads((1, -1, 300_000, 300_000, -1, 7)), samples=samples(*times(100))),
    )
    head = msgspec.structs.replace(head, effects=(effect("process", "ls"),))
    assert judged([base], [head]).files[0].findings == ()
    traced = msgspec.structs.replace(base, trace=trace(100, NO_LOADS, ()))
    assert {each.rule for each in judged([traced], [head]).files[0].findings} == {
        Rule.NEW_PACKAGE,
        Rule.NEW_PROCESS,
    }


def test_dags_that_come_and_go_are_unstable() -> None:
    """Whatever the DAGs' fields do, in the base and now."""
    going = [
        Instability(dag_id=name, field=EXISTENCE, first="there", second="missing")
        for name in ("x", "y")
    ]
    sentence = "a.py defines the DAGs x, y in only some parses. Airflow repeatedly removes and adds these DAGs"
    both = parsed(instabilities=(UNSTABLE, *going))
    assert [
        each.message for each in found(parsed(instabilities=(UNSTABLE,)), both, Rule.UNSTABLE_DAG)
    ] == [sentence]
    assert next(each.message for each in found(parsed(), both, Rule.UNSTABLE_DAG)) == sentence
    assert len(found(None, both, Rule.UNSTABLE_DAG)) == 2
    (other,) = found(parsed(instabilities=tuple(going)), both, Rule.UNSTABLE_DAG)
    assert other.message.startswith("in the DAG d, the field tasks[0].doc differs between parses")
    assert found(both, both, Rule.UNSTABLE_DAG) == []
