"""The use cases, as far as nothing is measured: requests, expectations, and resuming."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from dagprof.cli.commands.scan import advice_on_baseline
from dagprof.config.policy import Level, Rule
from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.judge import runs as judge
from dagprof.judge.judgement import Kind, Limits
from dagprof.measure.rounds import Silent
from dagprof.model import Measured
from dagprof.passes.plan import needs_more
from dagprof.robust import FEWEST
from dagprof.store import runs
from dagprof.usecases import baselines
from dagprof.usecases.expectations import Expectations, expectations
from dagprof.usecases.explain import place
from dagprof.usecases.gate import Baseline, Revision, requested
from dagprof.usecases.resuming import resumable
from unit.builders import file, reference, run


@pytest.mark.parametrize(
    ("given", "configured", "versus"),
    [
        ({"revision": "main"}, {}, Revision("main")),
        (
            {"revision": "main", "python": "p", "all_files": True},
            {},
            Revision("main", "p", all_files=True),
        ),
        ({"baseline": "run.json"}, {}, Baseline("run.json")),
        ({}, {"against": "main", "baseline": "run.json"}, Revision("main")),
        ({}, {"baseline": "run.json"}, Baseline("run.json")),
        ({"baseline": "run.json"}, {"against": "main"}, Baseline("run.json")),
    ],
)
def test_what_is_given_wins_and_a_revision_wins_over_a_baseline(
    given: dict[str, object], configured: dict[str, str], versus: Revision | Baseline
) -> None:
    settings = msgspec.convert(configured, Settings)
    assert requested(("dags",), settings, {}, **given).versus == versus  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"revision": "main", "baseline": "run.json"}, "cannot be used together"),
        ({}, "needs a version to compare with"),
        ({"baseline": "run.json", "python": "p"}, "require --against"),
        ({"baseline": "run.json", "all_files": True}, "require --against"),
    ],
)
def test_impossible_questions_are_refused_before_anything_is_measured(
    given: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        requested(("dags",), Settings(), {}, **given)  # type: ignore[arg-type]


def test_expectations_are_read_from_the_settings(tmp_path: Path) -> None:
    stored = run(file("a.py", 100))
    runs.save(stored, tmp_path / "baseline.json")
    assert expectations(Settings())[1:] == Expectations()[1:] == (None, False)
    settings = Settings(
        baseline=str(tmp_path / "baseline.json"),
        fail_on_regression="30%",
        regression_floor="5ms",
        fail_on=("import-error",),
    )
    found = expectations(settings)
    assert found.demand.timing("a.py") == (0.3, 5.0)
    levels = found.demand.limits("a.py").rules
    assert {rule for rule, level in levels.items() if level is Level.ERROR} == {
        Rule.SLOWER,
        Rule.IMPORT_ERROR,
    }
    assert (found.baseline, found.need_verdict) == (stored, True)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (Settings(fail_on=("weather",)), "Unknown value 'weather' for --fail-on"),
        (Settings(fail_on_regression="20%"), "--fail-on-regression needs a baseline"),
        (Settings(baseline="missing.json"), "Cannot read 'missing.json'"),
    ],
)
def test_expectations_that_cannot_be_met_are_refused(settings: Settings, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        expectations(settings)


def measured(path: str) -> Measured:
    return Measured(result=file(path, 10, sha256="f" * 64))


def test_an_interrupted_scan_goes_on_where_it_was(tmp_path: Path) -> None:
    journal = tmp_path / "run.partial.jsonl"
    with resumable(journal, "key", Silent(), resumes=False) as kept:
        assert not kept.known
        kept.progress.measured(measured("a.py"), 1)
    with resumable(journal, "key", Silent(), resumes=True) as kept:
        assert [path for path, _ in kept.known] == ["a.py"]
        size = journal.stat().st_size
        for done, each in enumerate(kept.known.values(), 1):
            kept.progress.measured(each, done)
        assert journal.stat().st_size == size, "a result that was taken over was kept twice"
        kept.progress.measured(measured("b.py"), 2)
    with resumable(journal, "key", Silent(), resumes=True) as kept:
        assert [path for path, _ in kept.known] == ["a.py", "b.py"]
        kept.discard()
    assert not journal.exists()


def test_another_scan_is_not_resumed(tmp_path: Path) -> None:
    journal = tmp_path / "run.partial.jsonl"
    with resumable(journal, "key", Silent(), resumes=False) as kept:
        kept.progress.measured(measured("a.py"), 1)
    with (
        pytest.raises(UsageError, match="different paths or options"),
        resumable(journal, "?", Silent(), resumes=True),
    ):
        pass


def test_a_baseline_counts_only_what_is_scanned_again(tmp_path: Path) -> None:
    whole = run(file("team/a.py", 10), file("b.py", 10), root=str(tmp_path))
    assert [
        each.path
        for each in baselines.of_paths(whole, [str(tmp_path / "team")], str(tmp_path)).files
    ] == ["team/a.py"]
    assert baselines.of_paths(whole, [str(tmp_path)], str(tmp_path)) == whole


def test_a_baseline_with_too_few_parses_is_counted(tmp_path: Path) -> None:
    saved = run(
        file("few.py", 10), file("enough.py", 10, 10, 11), file("two_that_agree.py", 10, 11)
    )
    assert baselines.save(saved, tmp_path / "baseline.json") == 1
    assert runs.load(tmp_path / "baseline.json") == saved


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({}, "Save the baseline again with --repeat 3. Scans that"),
        ({"repeat": 1}, "Save the baseline again with --repeat 3. Scans that"),
        (
            {"time_budget": "9s"},
            "Save the baseline again with --repeat 3 and without --time-budget. Scans that",
        ),
        ({"repeat": 3, "time_budget": "9s"}, "Save the baseline again without --time-budget."),
        ({"repeat": 5}, "Save the baseline again."),
    ],
)
def test_the_advice_on_a_baseline_names_enough_repeats(
    settings: dict[str, Any], advice: str
) -> None:
    assert advice_on_baseline(run(settings=settings)).startswith(advice)


@pytest.mark.parametrize(
    ("repeats", "kind"), [(1, Kind.OPEN), (2, Kind.OPEN), (FEWEST, Kind.SLOWER)]
)
def test_the_recommended_repeats_are_enough_for_files_that_take_long(
    repeats: int, kind: Kind
) -> None:
    before, after = [6_000.0, 6_010.0, 6_005.0], [9_000.0, 9_010.0, 9_005.0]
    assert not needs_more(before[:1], before[:1], None), "a slow file gets one parse by default"
    old, new = (
        run(file("a.py", *times[:repeats]), reference=reference(100)) for times in (before, after)
    )
    judged = judge.judge(old, new, lambda path: Limits(0.25, 50.0))
    assert judged["a.py"].kind is kind


@pytest.mark.parametrize(
    ("target", "found"),
    [("dags/a.py", ("dags/a.py", None)), ("dags/a.py:7", ("dags/a.py", 7)), ("a:b", ("a:b", None))],
)
def test_a_place_is_a_file_and_perhaps_a_line(target: str, found: tuple[str, int | None]) -> None:
    assert place(target) == found


@pytest.mark.parametrize("target", ["a.py:0", "a.py:x", "a.py:"])
def test_a_line_is_a_number_from_1(target: str) -> None:
    with pytest.raises(UsageError):
        place(target)
