"""The gate against a stored Run."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dagprof.config.policy import Override, Policy, Rule
from dagprof.errors import UsageError
from dagprof.gate.baseline import decide_by_baseline, suspects
from dagprof.gate.decide import Demand, decide
from dagprof.gate.verdict import Decision, FileVerdict
from dagprof.judge.judgement import Outcome
from dagprof.model import FileResult, Run, SkippedFile, SkipReason, Status
from unit import builders
from unit.builders import file, run, samples
from unit.gating import TODAY, compared, judged, slower, times


def timed(
    *files: FileResult, reference_ms: float | None = 100, version: int = 1, **changes: Any
) -> Run:
    reference = None if reference_ms is None else builders.reference(reference_ms, version)
    return run(*files, reference=reference, **changes)


def by_baseline(
    old: FileResult, new: FileResult, factor: float = 1.0, **demand: Any
) -> FileVerdict:
    verdict = decide_by_baseline(
        timed(old),
        timed(new, reference_ms=100 * factor),
        "base.json",
        Demand(today=TODAY, **demand),
    )
    return verdict.files[0]


def sampled(wall: float, cpu: float, queued: float = 0.0, number: int = 5) -> FileResult:
    values = samples(*times(wall, number))
    columns = {"cpu_ms": times(cpu, number), "queued_ms": (queued,) * number}
    return file("a.py", samples=msgspec.structs.replace(values, **columns))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"environment": builders.environment(python_version="3.11.9")},
            "used Python 3.12, and this run used Python 3.11",
        ),
        (
            {"environment": builders.environment(airflow_version="2.11.2")},
            "used Airflow 3.3.2, and this run used Airflow 2.11.2",
        ),
        (
            {"settings": {"temperature": "cold", "isolation": "fork"}},
            "used temperature processor, and this run used temperature cold",
        ),
        (
            {"settings": {"temperature": "processor", "isolation": "spawn"}},
            "used isolation fork, and this run used isolation spawn",
        ),
        ({"reference_ms": None}, "failed in this run, so dagprof cannot compare the speeds"),
        ({"version": 2}, "different versions of the reference parse"),
        ({"reference_ms": 410}, "takes 4.1 times as long as"),
        ({"reference_ms": 20}, "takes 0.2 times as long as"),
    ],
)
def test_what_cannot_be_compared_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        decide_by_baseline(
            timed(file("a.py", 9)), timed(file("a.py", 9), **changes), "b", Demand(today=TODAY)
        )


def test_a_baseline_without_a_reference_is_refused() -> None:
    with pytest.raises(UsageError, match=r"has no reference parse.*scan --save-baseline"):
        decide_by_baseline(run(file("a.py", 9)), timed(file("a.py", 9)), "b", Demand(today=TODAY))


def test_a_baseline_of_other_files_is_refused() -> None:
    with pytest.raises(UsageError, match="have no DAG file in common"):
        decide_by_baseline(timed(file("a.py", 9)), timed(file("b.py", 9)), "b", Demand(today=TODAY))


def test_another_patch_of_python_can_be_compared() -> None:
    other = timed(
        file("a.py", *times(100)), environment=builders.environment(python_version="3.12.9")
    )
    verdict = decide_by_baseline(
        timed(file("a.py", *times(100))), other, "base.json", Demand(today=TODAY), "9.9"
    )
    assert verdict.decision is Decision.PASSED
    assert (verdict.base, verdict.head, verdict.dagprof_version) == (
        "base.json (2026-01-01)",
        "this run",
        "9.9",
    )


def test_a_file_that_takes_more_of_everything_became_slower() -> None:
    told = by_baseline(sampled(100, 90), sampled(400, 390))
    assert told.outcome is Outcome.REGRESSION
    assert [each.rule for each in told.findings] == [Rule.SLOWER]
    assert by_baseline(sampled(400, 390), sampled(100, 90)).outcome is Outcome.IMPROVEMENT


def test_a_slower_machine_is_no_regression_and_a_faster_one_hides_none() -> None:
    assert by_baseline(sampled(100, 90), sampled(300, 270), factor=3).outcome is Outcome.UNCHANGED
    assert (
        by_baseline(sampled(400, 390), sampled(400, 390), factor=0.5).outcome is Outcome.REGRESSION
    )
    timing = by_baseline(sampled(100, 90), sampled(300, 270), factor=3).timing
    assert timing is not None
    assert timing.base_ms == pytest.approx(300, rel=0.01)


def test_changes_that_another_day_could_make_do_not_count() -> None:
    assert (
        by_baseline(sampled(100, 90), sampled(148, 138)).outcome is Outcome.UNCHANGED
    )  # under 50 ms
    assert (
        by_baseline(sampled(1000, 990), sampled(1240, 1230)).outcome is Outcome.UNCHANGED
    )  # under 25 %
    assert by_baseline(sampled(1000, 990), sampled(1260, 1250)).outcome is Outcome.REGRESSION
    wide = Policy(relative="40%")
    assert (
        by_baseline(sampled(1000, 990), sampled(1260, 1250), policy=wide).outcome
        is Outcome.UNCHANGED
    )


def test_where_only_the_wall_time_grew_it_cannot_be_told() -> None:
    told = by_baseline(sampled(100, 95), sampled(160, 140))
    assert told.outcome is Outcome.CANNOT_TELL
    assert [each.rule for each in told.findings] == [Rule.UNSURE]
    assert (
        by_baseline(sampled(100, 95), sampled(460, 140, queued=300)).outcome is Outcome.CANNOT_TELL
    )


def test_a_file_that_waits_became_slower_without_any_more_cpu_time() -> None:
    assert by_baseline(sampled(100, 90), sampled(400, 90)).outcome is Outcome.REGRESSION


def test_a_file_that_waits_for_a_processor_did_not() -> None:
    assert by_baseline(sampled(100, 90), sampled(400, 90, queued=300)).outcome is Outcome.UNCHANGED


def test_more_cpu_time_beside_the_same_wall_time_is_unchanged() -> None:
    assert by_baseline(sampled(300, 90), sampled(300, 290)).outcome is Outcome.UNCHANGED


def test_a_file_that_lost_its_dags_fails_and_is_not_faster() -> None:
    told = judged([file("a.py", 400)], [file("a.py", 100, status=Status.NO_DAGS, dag_ids=())])
    assert told.decision is Decision.FAILED
    (found,) = [finding for finding in told.all_findings if finding.rule is Rule.IMPORT_ERROR]
    assert (
        found.message
        == "a.py no longer produces DAGs: the file loads without errors but defines no DAG"
    )
    assert (told.files[0].outcome, told.files[0].timing) == (Outcome.CANNOT_TELL, None)
    helper = file("a.py", *times(100), status=Status.NO_DAGS, dag_ids=())
    assert judged([helper], [helper]).decision is Decision.PASSED


@pytest.mark.parametrize(
    ("reason", "fails", "sentence"),
    [
        (
            SkipReason.SAFE_MODE,
            True,
            "a.py is no longer parsed: the file lacks 'dag', so safe mode skips the file",
        ),
        (
            SkipReason.IGNORED,
            False,
            "a.py is no longer parsed: a pattern in .airflowignore matches the file",
        ),
    ],
)
def test_a_file_that_airflow_passes_over_is_told_from_a_deleted_one(
    reason: SkipReason, fails: bool, sentence: str
) -> None:
    sides = compared([file("a.py", 400), file("b.py", 400)], [])
    head = msgspec.structs.replace(
        sides.head, skipped=(SkippedFile(path="a.py", reason=reason, detail="'dag'"),)
    )
    told = decide(msgspec.structs.replace(sides, head=head), Demand(today=TODAY), "9.9")
    assert [each.reason for each in told.files] == [sentence, "b.py no longer exists"]
    assert told.decision is (Decision.FAILED if fails else Decision.PASSED)


def test_a_file_that_breaks_has_no_change_to_tell() -> None:
    told = judged([file("a.py", 400)], [file("a.py", 100, status=Status.IMPORT_ERROR)])
    assert [finding.rule for finding in told.all_findings] == [
        Rule.IMPORT_ERROR
    ]  # and not unsure as well
    assert (told.files[0].outcome, told.files[0].timing) == (Outcome.CANNOT_TELL, None)


def test_a_file_that_breaks_takes_nothing_from_the_certainty_of_others() -> None:
    """Seven pairs are just enough for three slower files of eight, as they were asked about
    while they were measured.
    """
    same = [file(f"same{number}.py", *times(50, 4)) for number in range(5)]
    base, head = zip(*(slower(f"slow{number}.py", 7) for number in range(3)), strict=True)
    broken = file("broken.py", 60, 61, 62), file("broken.py", 7, 8, 9, status=Status.IMPORT_ERROR)
    told = judged([*base, *same, broken[0]], [*head, *same, broken[1]])
    assert [each.path for each in told.of(Outcome.REGRESSION)] == [
        "slow0.py",
        "slow1.py",
        "slow2.py",
    ]


def test_a_file_that_can_only_be_faster_leaves_no_question_open() -> None:
    before = file("a.py", 300, 301, 340, 302, 330, 300, 301)
    after = file("a.py", 301, 270, 302, 303, 260, 301, 290)
    told = judged([before], [after])
    (only,) = told.files
    assert only.outcome is Outcome.CANNOT_TELL
    assert only.timing is not None
    assert only.timing.high_ms < 15
    assert "not slower, and may be faster. After" in only.reason
    assert (told.decision, only.may_be_slower, told.all_findings) == (Decision.PASSED, False, ())


def test_a_new_file_takes_what_it_does_not_wait() -> None:
    (told,) = judged([], [sampled(100, 90, queued=60)]).files
    assert told.reason == "a.py is new and takes 40 ms to parse"
    assert told.parse_ms == pytest.approx(40, abs=1)


def test_too_few_parses_tell_nothing() -> None:
    assert (
        by_baseline(sampled(100, 90, number=5), sampled(400, 390, number=1)).outcome
        is Outcome.CANNOT_TELL
    )
    assert (
        by_baseline(sampled(100, 90, number=1), sampled(100, 90, number=5)).outcome
        is Outcome.CANNOT_TELL
    )
    assert (
        by_baseline(file("a.py", 100, 110), file("a.py", 400, 400, 400)).outcome
        is Outcome.CANNOT_TELL
    )


def test_two_parses_that_agree_are_enough() -> None:
    assert (
        by_baseline(sampled(100, 90, number=2), sampled(400, 390, number=2)).outcome
        is Outcome.REGRESSION
    )


def test_noise_above_the_change_tells_nothing() -> None:
    noisy = file("a.py", 200, 700, 300, 1200, 450)
    assert by_baseline(file("a.py", 100, 500, 200, 300, 900), noisy).outcome is Outcome.CANNOT_TELL


def test_what_seems_slower_is_named() -> None:
    old = timed(file("a.py", *times(100)), file("b.py", *times(100)))
    new = timed(file("a.py", *times(200)), file("b.py", *times(101)))
    assert suspects(old, new, Demand(today=TODAY)) == {"a.py"}


@pytest.mark.parametrize(
    ("reference_ms", "outcome"),
    [(100, Outcome.REGRESSION), (200, Outcome.UNCHANGED), (130, Outcome.REGRESSION)],
)
def test_what_seemed_slower_is_judged_by_its_second_parses(
    reference_ms: float, outcome: Outcome
) -> None:
    """They were taken in turns with the reference: where that became slower too, it was the
    machine.
    """
    old = timed(file("a.py", *times(100)), file("b.py", *times(100)))
    new = timed(file("a.py", *times(190)), file("b.py", *times(100)))
    again = timed(file("a.py", 150, 199, 200, 201, 280), reference_ms=reference_ms)
    verdict = decide_by_baseline(old, new, "base.json", Demand(today=TODAY), again=again)
    assert [each.outcome for each in verdict.files] == [outcome, Outcome.UNCHANGED]
    timing = verdict.files[0].timing
    assert timing is not None
    assert list(timing.head_samples_ms) == [150, 199, 200, 201, 280]
    assert "takes 1.00 times as long" in verdict.doubts[0]


def test_what_seemed_slower_and_gave_no_times_again_cannot_be_told() -> None:
    again = timed(file("a.py"))
    verdict = decide_by_baseline(
        timed(file("a.py", *times(100))),
        timed(file("a.py", *times(300))),
        "b",
        Demand(today=TODAY),
        again=again,
    )
    assert verdict.files[0].outcome is Outcome.CANNOT_TELL


@pytest.mark.parametrize(
    ("demand", "limits"),
    [
        (
            {},
            "smaller than 25 % or smaller than 50 ms. To find smaller changes, use `--against`.",
        ),
        (
            {"policy": Policy(relative="40%", absolute="1500ms")},
            "smaller than 40 % or smaller than 1,500 ms.",
        ),
        (
            {"policy": Policy(relative="10%", absolute="80ms")},
            "smaller than 25 % or smaller than 80 ms. To find smaller changes, use `--against`.",
        ),
        (
            {
                "policy": Policy(relative="27.5%", absolute="80ms"),
                "overrides": (Override(files=("c.py",), relative="70%"),),
            },
            (
                "smaller than 27.5 % or smaller than 80 ms. For 1 file, overrides in the"
                " configuration set other limits."
            ),
        ),
    ],
)
def test_the_note_names_the_limits_that_the_gate_uses(demand: dict[str, Any], limits: str) -> None:
    files = [file(name, *times(100)) for name in ("a.py", "b.py", "c.py")]
    verdict = decide_by_baseline(
        timed(*files), timed(*files), "base.json", Demand(today=TODAY, **demand)
    )
    (note,) = verdict.doubts
    assert note.partition("parse time changes that are ")[2] == limits


def test_files_of_one_side_only_are_new_or_gone() -> None:
    both = file("a.py", *times(100))
    verdict = decide_by_baseline(
        timed(both, file("b.py", 9)),
        timed(both, file("c.py", 9)),
        "base.json",
        Demand(today=TODAY),
    )
    assert [file.outcome for file in verdict.files] == [
        Outcome.UNCHANGED,
        Outcome.GONE,
        Outcome.NEW,
    ]
    (doubt,) = verdict.doubts
    assert (
        "The reference parse, which shows how fast the machine is, takes 1.00 times as long as when the baseline was saved"
        in doubt
    )
