"""The judge for two Runs: speeds, limits, noise, and what cannot be compared."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dagprof.analyse.comparison import compare
from dagprof.gate import scanned
from dagprof.gate.baseline import decide_by_baseline
from dagprof.gate.decide import Demand
from dagprof.gate.verdict import Decision
from dagprof.judge import runs
from dagprof.judge.judgement import Kind, Limits, Outcome
from dagprof.judge.runs import LEAST
from dagprof.judge.speeds import Basis, Speed
from dagprof.model import FileResult, Reference, Run, Status
from dagprof.report.verdict import words
from unit.builders import environment, file, reference, run, samples
from unit.gating import TODAY, times

NARROW = Limits(relative=0.2, absolute_ms=20)
KNOWN = Basis(Speed(1.0, 0.001))


def waiting(wall: float, cpu: float, queued: float = 0.0) -> FileResult:
    columns = {"cpu_ms": times(cpu, 5), "queued_ms": (queued,) * 5}
    return file("a.py", samples=msgspec.structs.replace(samples(*times(wall, 5)), **columns))


def kind(old: FileResult, new: FileResult, basis: Basis = KNOWN, limits: Limits = LEAST) -> Kind:
    return runs.judge_file(old, new, basis, limits).kind


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([100, 101, 99], [100, 102, 98], Kind.UNCHANGED),
        ([100, 101, 99], [160, 161, 159], Kind.SLOWER),
        ([160, 161, 159], [100, 101, 99], Kind.FASTER),
        ([1000, 1001, 999], [1240, 1240, 1240], Kind.UNCHANGED),  # under the share
        ([100, 101, 99], [149, 149, 149], Kind.UNCHANGED),  # under the floor
        ([100, 180, 60], [200, 280, 160], Kind.OPEN),  # within the noise
        ([100, 104], [200, 200, 200], Kind.OPEN),  # too few samples
        ([100], [200, 200, 200], Kind.OPEN),
        ([40, 42], [200, 201], Kind.SLOWER),  # two that agree
        ([100], [100], Kind.OPEN),
    ],
)
def test_times_decide(before: list[float], after: list[float], expected: Kind) -> None:
    assert kind(file("a.py", *before), file("a.py", *after), limits=NARROW) is expected


def test_composed_times_have_an_error_that_their_parses_do_not_show() -> None:
    def composed(wall_ms: float, composed_ms: float) -> FileResult:
        return msgspec.structs.replace(file("a.py", *times(wall_ms)), composed_ms=composed_ms)

    old = composed(1000, 900)
    assert kind(composed(1000, 0), composed(1270, 0)) is Kind.SLOWER
    assert kind(old, composed(1400, 1300)) is Kind.SLOWER
    assert kind(old, composed(1270, 1170)) is Kind.OPEN
    assert kind(old, composed(1270, 0)) is Kind.SLOWER  # parsed again in isolation
    assert kind(composed(2000, 900), composed(1000, 900)) is Kind.FASTER


def test_limits_are_never_below_those_of_the_judge() -> None:
    old, new = file("a.py", *times(1000)), file("a.py", *times(1300))
    assert kind(old, new, limits=NARROW) is Kind.SLOWER
    assert kind(old, new, limits=Limits(0.4, 50)) is Kind.UNCHANGED
    assert kind(old, new, limits=Limits(0.25, 400)) is Kind.UNCHANGED
    assert (
        kind(file("a.py", *times(1000)), file("a.py", *times(1240)), limits=Limits(0, 0))
        is Kind.UNCHANGED
    )


def test_wall_and_cpu_time_both_say_so_or_the_file_waits() -> None:
    assert kind(waiting(100, 95), waiting(160, 140)) is Kind.OPEN
    assert kind(waiting(100, 90), waiting(400, 90)) is Kind.SLOWER
    assert kind(waiting(400, 90), waiting(100, 90)) is Kind.FASTER  # a wait that is gone
    assert kind(waiting(400, 380, 300), waiting(100, 90)) is Kind.UNCHANGED
    assert kind(waiting(300, 90), waiting(300, 290)) is Kind.UNCHANGED
    why = runs.judge_file(waiting(100, 95), waiting(160, 140), KNOWN, LEAST).why
    assert why == "the wall time changed by +60 ms, but the CPU time changed by +45 ms"


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (
            [100, 104],
            [200, 200, 200],
            "2 parses before and 3 parses now are too few to distinguish a change of +98 ms from noise",
        ),
        ([100, 180, 60], [200, 280, 160], "the change of +100 ms is within the noise of ±243 ms"),
    ],
)
def test_what_is_open_says_why(before: list[float], after: list[float], why: str) -> None:
    assert runs.judge_file(file("a.py", *before), file("a.py", *after), KNOWN, LEAST).why == why


def sides(
    old_ms: float, new_ms: float, new: dict[str, Any], old: Reference | None = None
) -> Outcome:
    """What becomes of one file between two Runs."""
    before = run(file("a.py", *times(old_ms)), reference=old)
    after = run(file("a.py", *times(new_ms)), **new)
    (change,) = compare(before, after).files
    return change.outcome


def test_the_baseline_is_scaled_by_the_reference_also_between_machines() -> None:
    elsewhere = environment(machine="m2")
    twice: dict[str, Any] = {"reference": reference(200), "environment": elsewhere}
    assert sides(100, 200, twice, reference()) is Outcome.UNCHANGED
    assert sides(100, 300, twice, reference()) is Outcome.REGRESSION
    assert sides(400, 400, {"reference": reference(50)}, reference()) is Outcome.REGRESSION
    before, after = (
        run(file("a.py", *times(100)), reference=reference()),
        run(file("a.py", *times(300)), **twice),
    )
    compared = compare(before, after)
    assert compared.baseline_total_ms == pytest.approx(200, rel=0.01)
    assert compared.files[0].difference_ms == pytest.approx(100, rel=0.02)
    assert compared.warnings[0].startswith(
        "The reference parse, which shows how fast the machine is, takes 2.00 times as long as when the baseline was saved"
    )


def test_without_a_reference_one_machine_is_as_fast_as_before_within_limits() -> None:
    assert sides(1000, 1200, {}) is Outcome.UNCHANGED
    assert (
        sides(1000, 1390, {}) is Outcome.CANNOT_TELL
    )  # a machine may differ by that much from run to run
    assert sides(1000, 1410, {}) is Outcome.REGRESSION
    assert sides(1000, 590, {}) is Outcome.IMPROVEMENT


def fleet(factors: list[float], **reference_of: Any) -> Run:
    """A Run of files that take 100 ms times these factors."""
    rows = [file(f"{number}.py", *times(100 * each)) for number, each in enumerate(factors)]
    return run(*rows, **reference_of)


def test_changes_that_differ_widely_show_a_machine_whose_speed_changed() -> None:
    uneven = [1.0, 1.1, 1.3, 1.6, 1.75, 1.8, 0.9, 1.0, 1.5, 1.2]
    before = fleet([1.0] * 10)
    found = compare(before, fleet(uneven))
    assert not [each for each in found.files if each.outcome is Outcome.REGRESSION]
    (told,) = found.warnings
    assert "differ widely from file to file. Changes in parse time below 10" in told
    # More than twice as long is slower on any machine, whatever the others do.
    slow = compare(before, fleet([3.5, 3.0, 2.5, *uneven[3:]])).files
    regressed = [each.path for each in slow if each.outcome is Outcome.REGRESSION]
    assert regressed == ["0.py", "1.py", "2.py"]
    # Three of ten changed, the others did not.
    some = compare(before, fleet([1.6, 1.7, 1.8, *[1.0, 1.01, 0.99, 1.02, 1.0, 1.0, 0.98]])).files
    assert sum(each.outcome is Outcome.REGRESSION for each in some) == 3


def test_a_reference_whose_speed_changed_leaves_small_changes_open() -> None:
    def moments(*cpu_ms: float) -> Reference:
        columns = {"cpu_ms": tuple(cpu_ms)}
        return Reference(version=1, samples=msgspec.structs.replace(samples(*cpu_ms), **columns))

    steady = moments(30, 30.2, 29.8, 30.1, 30, 30, 30.3, 29.9, 30, 30.1)
    restless = moments(30, 30.2, 29.8, 41, 42, 30, 39, 40, 30, 29.9)
    one_outlier = moments(30, 30.2, 29.8, 30.1, 95, 30, 30.3, 29.9, 30, 30.1)

    def judged(old: Reference, new: Reference) -> Outcome:
        return sides(1000, 1500, {"reference": new}, old)

    assert judged(steady, steady) is Outcome.REGRESSION
    assert judged(steady, one_outlier) is Outcome.REGRESSION
    assert judged(steady, restless) is Outcome.CANNOT_TELL
    assert judged(restless, steady) is Outcome.CANNOT_TELL


@pytest.mark.parametrize(
    ("old", "new", "begins"),
    [
        ({}, {}, "Neither run timed the reference parse"),
        ({}, {"reference": reference()}, "The baseline has no reference parse"),
        ({"reference": reference()}, {}, "This run did not time the reference parse"),
        (
            {"reference": reference()},
            {"reference": reference(version=2)},
            "The baseline and this run used different versions of the reference parse",
        ),
        (
            {"reference": reference()},
            {"reference": reference(), "environment": environment(airflow_version="2.11.2")},
            "The runs used different versions of Airflow, on which the reference parse depends",
        ),
    ],
)
def test_one_warning_says_what_is_missing_and_what_to_do(
    old: dict[str, Any], new: dict[str, Any], begins: str
) -> None:
    warnings = compare(run(file("a.py", 100), **old), run(file("a.py", 100), **new)).warnings
    (told,) = [text for text in warnings if "reference" in text]
    assert told.startswith(f"{begins}")
    assert (
        "had the same speed in both runs. Changes in parse time below 40% are inconclusive" in told
    )
    assert "`dagprof scan --save-baseline`" in told


def test_nothing_is_said_about_equal_speeds() -> None:
    before = run(file("a.py", 100, 100, 100), reference=reference())
    assert compare(before, before).warnings == ()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"environment": environment(machine="m2")},
            "different machines whose speeds cannot be compared",
        ),
        (
            {"settings": {"temperature": "cold", "isolation": "spawn"}},
            "used temperature processor, and this run used temperature cold",
        ),
        ({"reference": reference(500)}, "takes 5.0 times as long as when the baseline was saved"),
    ],
)
def test_what_cannot_be_compared_leaves_every_file_open(changes: dict[str, Any], why: str) -> None:
    old = reference() if "reference" in changes else None
    before = run(file("a.py", *times(100)), file("b.py", *times(900)), reference=old)
    after = run(file("a.py", *times(900)), file("b.py", *times(900)), **changes)
    compared = compare(before, after)
    assert {each.outcome for each in compared.files} == {Outcome.CANNOT_TELL}
    assert all(why in each.reason for each in compared.files)
    asked = scanned.demand("20%", "50ms")
    verdict = scanned.decide(after, before, runs.judge(before, after, asked.timing), asked)
    assert verdict.decision is Decision.CANNOT_TELL
    assert verdict.reason == "No regression found; 2 files are inconclusive."
    assert all(
        f"inconclusive, because {file.reason}" in text
        for file, text in zip(compared.files, words.reasons(verdict), strict=True)
    )


def test_a_scan_and_the_gate_say_the_same_of_the_same_runs() -> None:
    """Every kind of file at once, on a machine that is a fifth slower now."""
    lost = {"status": Status.NO_DAGS, "dag_ids": ()}
    rows = {
        "same.py": (file("same.py", *times(100)), file("same.py", *times(120))),
        "slower.py": (file("slower.py", *times(100)), file("slower.py", *times(400))),
        "faster.py": (file("faster.py", *times(400)), file("faster.py", *times(100))),
        "thin.py": (file("thin.py", 100), file("thin.py", *times(400))),
        "lost.py": (file("lost.py", *times(400)), file("lost.py", *times(100), **lost)),
        "failing.py": (
            file("failing.py", *times(100)),
            file("failing.py", *times(900), status=Status.IMPORT_ERROR),
        ),
    }
    before = run(*(old for old, _ in rows.values()), reference=reference())
    after = run(*(new for _, new in rows.values()), reference=reference(120))
    gate = decide_by_baseline(before, after, "base.json", Demand(today=TODAY))
    asked = scanned.demand("20%", "50ms")
    scan = scanned.decide(after, before, runs.judge(before, after, asked.timing), asked)
    found = {each.path: each.outcome for each in gate.files}
    assert found == {each.path: each.outcome for each in scan.files}
    assert found == {each.path: each.outcome for each in compare(before, after).files}
    assert found == {
        "same.py": Outcome.UNCHANGED,
        "slower.py": Outcome.REGRESSION,
        "faster.py": Outcome.IMPROVEMENT,
        "thin.py": Outcome.CANNOT_TELL,
        "lost.py": Outcome.CANNOT_TELL,
        "failing.py": Outcome.REGRESSION,
    }


def test_what_seemed_slower_is_judged_by_its_second_parses_without_a_reference_too() -> None:
    before, after = (
        run(file("a.py", *times(100))),
        run(file("a.py", *times(300)), file("new.py", 9)),
    )
    again = run(file("a.py", *times(110)))
    assert runs.suspects(runs.judge(before, after, lambda _: LEAST)) == {"a.py"}
    (judged,) = runs.judge(before, after, lambda _: LEAST, again=again).values()
    assert judged.kind is Kind.UNCHANGED
    merged = runs.with_times_of(again, after)
    assert [each.own_ms for each in merged.files] == pytest.approx([110.4, 9])
    (judged,) = runs.judge(before, after, lambda _: LEAST, again=run(file("a.py"))).values()
    assert (judged.kind, judged.why) == (
        Kind.OPEN,
        "dagprof parsed the file again to confirm the slowdown, but got no parse time",
    )


def test_a_scan_that_asks_for_nothing_passes_over_times() -> None:
    before: Run = run(file("a.py", *times(100)))
    after = run(file("a.py", *times(900)))
    asked = scanned.demand(None, "50ms", ["import-error"])
    verdict = scanned.decide(after, before, runs.judge(before, after, asked.timing), asked)
    assert (verdict.decision, verdict.reason) == (Decision.PASSED, "No file fails the gate.")
