from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from dagprof import quantities
from dagprof.analyse.comparison import below, compare
from dagprof.errors import UsageError
from dagprof.gate import scanned
from dagprof.gate.verdict import Decision, Verdict
from dagprof.judge import runs
from dagprof.judge.judgement import Limits, Outcome
from dagprof.model import Failure, FileResult, Run, SkippedFile, SkipReason, Status
from dagprof.report.changes import describe
from dagprof.report.verdict import words
from dagprof.usecases import compare as comparing
from unit.builders import HELPED, environment, file, loads, reference, run, trace

LIMITS = Limits(relative=0.2, absolute_ms=20)


def decided(
    before: Run, after: Run, *, regression: bool = True, fail_on: Sequence[str] = ()
) -> Verdict:
    """The gate's verdict on a scan with these options."""
    asked = scanned.demand("20%" if regression else None, "20ms", fail_on)
    return scanned.decide(after, before, runs.judge(before, after, asked.timing), asked)


def test_runs_of_other_folders_are_not_compared() -> None:
    one, other = run(file("a.py", 1, 1), root="/one"), run(file("b.py", 1, 1), root="/other")
    with pytest.raises(UsageError, match=r"no file in common.*/one and /other"):
        comparing.compare(one, other)
    assert comparing.compare(one, run(root="/other")).files  # every file is gone


@pytest.fixture
def before() -> Run:
    return run(
        file("same.py", 100, 100, 100, trace=trace(100, HELPED)),
        file("slower.py", 100, 101, 99, trace=trace(100, loads((4, -1, 500, 500, -1, 5)))),
        file("faster.py", 300, 301, 299, trace=trace(300, HELPED)),
        file("gone.py", 50, 50, 50),
        file("breaks.py", 50, 50, 50),
        reference=reference(),
    )


@pytest.fixture
def after() -> Run:
    failure = Failure(type="KeyError", message="'x'", file="/dags/breaks.py", line=3)
    return run(
        file("same.py", 100, 100, 101, trace=trace(100, HELPED)),
        file("slower.py", 400, 404, 399, trace=trace(400, HELPED)),
        file("faster.py", 100, 101, 99, trace=trace(100, loads((4, -1, 500, 500, -1, 5)))),
        file("new.py", 70, 70, 70),
        file("breaks.py", 50, 50, 50, status=Status.IMPORT_ERROR, failures=(failure,), dag_ids=()),
        reference=reference(),
    )


def test_every_file_is_placed(before: Run, after: Run) -> None:
    found = {change.path: change.outcome for change in compare(before, after, LIMITS).files}
    assert found == {
        "same.py": Outcome.UNCHANGED,
        "slower.py": Outcome.REGRESSION,
        "faster.py": Outcome.IMPROVEMENT,
        "gone.py": Outcome.GONE,
        "new.py": Outcome.NEW,
        "breaks.py": Outcome.UNCHANGED,
    }


def test_files_that_one_scan_was_not_asked_for_are_neither_new_nor_removed() -> None:
    whole = run(
        file("a.py", 50, 50, 50), file("etl/b.py", 60, 60, 60), file("etl/gone.py", 9, 9, 9)
    )
    part = run(file("etl/b.py", 60, 60, 60), file("etl/new.py", 70, 70, 70), paths=("etl",))
    found = compare(whole, part, LIMITS)
    assert {change.path: change.outcome for change in found.files} == {
        "etl/b.py": Outcome.UNCHANGED,
        "etl/gone.py": Outcome.GONE,
        "etl/new.py": Outcome.NEW,
    }
    assert found.baseline_total_ms == pytest.approx(69)
    assert "The comparison omits 1 file that only the earlier scan covers." in found.warnings
    back = compare(part, whole, LIMITS)
    assert {change.path for change in back.of(Outcome.NEW)} == {"etl/gone.py"}
    assert "The comparison omits 1 file that only the later scan covers." in back.warnings


def test_imports_that_appear_and_vanish_are_named(before: Run, after: Run) -> None:
    changes = {change.path: change for change in compare(before, after, LIMITS).files}
    assert changes["slower.py"].new_imports == ("common.frames", "pandas", "numpy")
    assert changes["faster.py"].gone_imports == ("common.frames", "pandas", "numpy")
    assert (
        describe(changes["slower.py"])
        == "slower.py +300 ms (+300%); now loads common.frames, pandas, numpy"
    )
    assert (changes["breaks.py"].was_failing, changes["breaks.py"].is_failing) == (False, True)


def test_a_run_compared_with_itself_is_unchanged(before: Run) -> None:
    comparison = compare(before, before, LIMITS)
    assert {change.outcome for change in comparison.files} == {Outcome.UNCHANGED}
    assert comparison.warnings == ()


def test_other_surroundings_are_warned_of(before: Run) -> None:
    elsewhere = environment(
        machine="m2",
        python_version="3.11.7",
        airflow_version="2.11.2",
        distributions={"pandas": "3.0.0"},
    )
    other = run(file("same.py", 100), environment=elsewhere, settings={"temperature": "cold"})
    text = "\n".join(compare(before, other, LIMITS).warnings)
    for part in (
        "another machine",
        "used Python 3.12.1, and this run used Python 3.11.7",
        "Airflow 3.3.2",
        "temperature",
        "pandas",
    ):
        assert part in text


def test_the_gate_fails_on_a_regression_only_when_asked(before: Run, after: Run) -> None:
    assert decided(before, after, regression=False).decision is Decision.PASSED
    verdict = decided(before, after)
    assert verdict.decision is Decision.FAILED
    assert [reason.split()[0] for reason in words.reasons(verdict)] == ["slower.py"]


def test_the_gate_fails_on_import_errors_only_when_asked(before: Run, after: Run) -> None:
    empty = msgspec.structs.replace(before, files=())
    assert decided(empty, after, regression=False).decision is Decision.PASSED
    asked = scanned.demand(None, "20ms", ["import-error"])
    verdict = scanned.decide(after, None, {}, asked)
    assert verdict.decision is Decision.FAILED
    assert words.reasons(verdict) == ["breaks.py produces no DAGs: KeyError: 'x' (breaks.py:3)"]


def test_what_cannot_be_told_is_neither_passed_nor_failed() -> None:
    before, after = run(file("a.py", 100, 180, 60)), run(file("a.py", 200, 280, 160))
    assert decided(before, after).decision is Decision.CANNOT_TELL
    assert decided(before, after, fail_on=["unsure"]).decision is Decision.FAILED
    assert decided(before, after, regression=False, fail_on=["unsure"]).decision is Decision.PASSED


def test_limits_are_read() -> None:
    assert quantities.parse_share("20%") == 0.2
    assert quantities.parse_share(" 12.5 % ") == 0.125
    assert quantities.parse_duration_ms("50ms") == 50
    assert quantities.parse_duration_ms("1.5s") == 1500


@pytest.mark.parametrize("text", ["20", "-5%", "ms", "%", "", "20 %%"])
def test_bad_limits_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="such as 20%"):
        quantities.parse_share(text)
    with pytest.raises(UsageError, match="such as 50ms"):
        quantities.parse_duration_ms(text)
    with pytest.raises(UsageError, match="Choose from import-error, unsure"):
        scanned.check_fail_on(["regression"])


def broken(path: str, *wall_ms: float) -> FileResult:
    return file(path, *wall_ms, status=Status.IMPORT_ERROR, dag_ids=())


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (
            file("a.py", 900, 900, 900),
            broken("a.py", 9, 9, 9),
            Outcome.CANNOT_TELL,
        ),  # it stops early: no gain
        (
            file("a.py", 9, 9, 9),
            broken("a.py", 900, 900, 900),
            Outcome.REGRESSION,
        ),  # failing slowly costs
        (
            broken("a.py", 9, 9, 9),
            file("a.py", 900, 900, 900),
            Outcome.CANNOT_TELL,
        ),  # mending is no regression
        (broken("a.py", 900, 900, 900), file("a.py", 9, 9, 9), Outcome.IMPROVEMENT),
        (broken("a.py", 9, 9, 9), broken("a.py", 900, 900, 900), Outcome.REGRESSION),
    ],
)
def test_a_file_that_breaks_is_not_faster(
    old: FileResult, new: FileResult, change: Outcome
) -> None:
    found = compare(run(old), run(new), LIMITS).files[0]
    assert found.outcome is change
    assert found.breaks == (new.status.is_failure and not old.status.is_failure)
    assert found.is_fixed == (old.status.is_failure and not new.status.is_failure)


def test_a_file_without_its_dags_is_broken_and_not_faster() -> None:
    before, after = (
        file("a.py", 900, 900, 900),
        file("a.py", 9, 9, 9, status=Status.NO_DAGS, dag_ids=()),
    )
    comparison = compare(run(before), run(after), LIMITS)
    assert (comparison.files[0].outcome, comparison.files[0].breaks) == (Outcome.CANNOT_TELL, True)
    told = decided(run(before), run(after), regression=False, fail_on=["import-error"])
    assert words.reasons(told) == ["a.py produces no DAGs, but produced DAGs in the baseline"]
    alone = compare(run(after), run(after), LIMITS).files[0]
    assert (alone.outcome, alone.breaks, alone.is_fixed) == (Outcome.UNCHANGED, False, False)


def test_a_file_that_safe_mode_passes_over_has_lost_its_dags() -> None:
    after = run(
        file("b.py", 9),
        skipped=(
            SkippedFile(path="a.py", reason=SkipReason.SAFE_MODE),
            SkippedFile(path="c.py", reason=SkipReason.IGNORED),
        ),
    )
    changes = {
        file.path: file.breaks
        for file in compare(run(file("a.py", 9), file("b.py", 9), file("c.py", 9)), after).files
    }
    assert changes == {"a.py": True, "b.py": False, "c.py": False}


def test_waiting_for_a_processor_is_no_change() -> None:
    quiet = file("a.py", 40, 41, 40)
    samples = msgspec.structs.replace(
        file("a.py", 90, 95, 100).samples, queued_ms=(50.0, 54.0, 60.0)
    )
    busy = file("a.py", samples=samples)
    found = compare(run(quiet, reference=reference()), run(busy, reference=reference()), LIMITS)
    assert found.files[0].outcome is Outcome.UNCHANGED
    assert found.files[0].current_ms == pytest.approx(40)
    assert found.current_total_ms == pytest.approx(40)
    assert found.warnings == (
        (
            "The machine was busy during this run. The comparison excludes the 0.1 s during which parses waited for a CPU."
        ),
    )


def test_a_new_file_can_be_broken_and_a_removed_one_is_not_fixed() -> None:
    changes = compare(run(broken("old.py", 9)), run(broken("new.py", 9)), LIMITS).files
    assert [(change.path, change.breaks, change.is_fixed) for change in changes] == [
        ("new.py", True, False),
        ("old.py", False, False),
    ]


def test_imports_are_named_from_the_outermost() -> None:
    """pandas, then numpy inside it, then json next to it: json comes before numpy."""
    loaded = loads((1, -1, 1, 5, -1, 1), (3, 0, 1, 1, 1, 7), (4, -1, 1, 1, -1, 2))
    old, new = file("a.py", 10, trace=trace(10, loads())), file("a.py", 10, trace=trace(10, loaded))
    assert compare(run(old), run(new), LIMITS).files[0].new_imports == ("pandas", "json", "numpy")


def test_the_gate_counts_files_not_reasons() -> None:
    before, now = run(file("a.py", 9, 9, 9)), run(broken("a.py", 900, 900, 900))
    verdict = decided(before, now, fail_on=["import-error"])
    assert verdict.reason == "1 file fails the gate."
    assert words.reasons(verdict) == [
        "a.py produces no DAGs: import-error",
        "a.py is 891 ms (9,900 %) slower. No single line explains the change",
    ]


def test_runs_without_a_file_in_common_tell_nothing() -> None:
    before, now = run(file("a.py", 9, 9, 9)), run(file("b.py", 9, 9, 9))
    assert decided(before, now, regression=False).decision is Decision.PASSED
    verdict = decided(before, now)
    assert (verdict.decision, words.reasons(verdict)) == (Decision.CANNOT_TELL, [])
    assert "no DAG file in common" in verdict.reason


def test_the_gate_claims_only_what_it_looked_at(before: Run, after: Run) -> None:
    assert decided(before, after, regression=False).reason == "No file fails the gate."
    assert decided(before, before).reason == "No file slowed down by more than the limits allow."


def test_only_what_was_scanned_again_is_compared(before: Run) -> None:
    paths = [file.path for file in before.files]
    assert [file.path for file in below(before, ["."]).files] == paths
    assert [file.path for file in below(before, [paths[0]]).files] == [paths[0]]
    assert below(before, ["elsewhere"]).files == ()
    nested = msgspec.structs.replace(
        before, files=(file("team/a.py", 1.0), file("team2/b.py", 1.0))
    )
    assert [file.path for file in below(nested, ["team"]).files] == ["team/a.py"]


LOST = Failure(type="AirflowDagCycleException", message="Cycle detected in DAG: b.")


@pytest.mark.parametrize(
    ("before", "now", "missing"),
    [
        (("a", "b"), ("a",), "no longer produces the DAG b and still produces the DAG a"),
        (("a", "b"), (), "produces no DAGs"),
        (("a",), ("a",), "has an import error and produces only the DAG a"),
        (
            tuple("abcdefg"),
            ("a", "b"),
            "no longer produces the DAGs c, d, e and 2 more and still produces the DAGs a, b",
        ),
    ],
)
def test_a_file_that_loses_some_of_its_dags_is_broken(
    before: tuple[str, ...], now: tuple[str, ...], missing: str
) -> None:
    old = file("a.py", 500, 500, 500, dag_ids=before)
    new = file("a.py", 5, 5, 5, status=Status.IMPORT_ERROR, failures=(LOST,), dag_ids=now)
    (found,) = compare(run(old), run(new)).files
    assert (found.missing, found.breaks, found.outcome) == (missing, True, Outcome.CANNOT_TELL)
    assert f"the file {missing} (status: import-error)" in found.reason


def test_a_file_that_fails_before_and_after_is_broken_only_if_it_loses_a_dag() -> None:
    failing = {"status": Status.IMPORT_ERROR, "failures": (LOST,)}
    two, one = (file("a.py", 50, dag_ids=ids, **failing) for ids in (("a", "b"), ("a",)))
    assert [
        compare(run(x), run(y)).files[0].breaks for x, y in ((two, one), (one, two), (two, two))
    ] == [
        True,
        False,
        False,
    ]
    # Without an error it is the author who took it out.
    fewer = file("a.py", 50, dag_ids=("a",))
    assert not compare(run(file("a.py", 50, dag_ids=("a", "b"))), run(fewer)).files[0].breaks
