"""A file that needs an answer is no import error in any report, and no pass either."""

from __future__ import annotations

import datetime
import io

import pytest
from rich.console import Console

from dagprof.analyse import comparison
from dagprof.config.policy import Rule
from dagprof.gate import decide as gate
from dagprof.gate import scanned
from dagprof.gate.verdict import Decision
from dagprof.judge.judgement import Outcome
from dagprof.model import Failure, FileResult, Run, Status, Unanswered
from dagprof.report import figures, html, markdown
from dagprof.report.text import terminal
from dagprof.report.verdict import words
from unit.builders import file, run

FAILURE = Failure(type="ValueError", message="unknown url type: '1'", file="/dags/a.py", line=9)


def needy(path: str = "a.py") -> FileResult:
    return file(
        path,
        10,
        10,
        10,
        status=Status.NEEDS_ANSWER,
        dag_ids=(),
        failures=(FAILURE,),
        unanswered=(Unanswered(kind="variable", key="api_url", file="/dags/a.py", line=7),),
    )


@pytest.fixture
def found() -> Run:
    return run(
        needy(),
        file("b.py", 10, 10, 10),
        file("c.py", 5, status=Status.IMPORT_ERROR, failures=(FAILURE,)),
    )


def test_the_sentence_names_what_where_and_the_option(found: Run) -> None:
    sentence = found.files[0].what_it_needs
    assert (
        sentence
        == "the file needs Variable 'api_url' (read at a.py:7). Supply the Variable with --variables FILE"
    )
    assert "unknown url type" in figures.why_failed(found.files[0])
    environment = Unanswered(kind="environment", key="TOKEN", file="/dags/a.py", line=1)
    assert "--env-file FILE" in environment.way_out


def test_the_summaries_keep_it_apart(found: Run) -> None:
    headline = figures.headline(found)
    assert (
        "1 file could not be loaded. 1 file needs a value that dagprof does not have." in headline
    )
    stream = io.StringIO()
    terminal.render(found, console=Console(file=stream, width=200))
    text = stream.getvalue()
    assert "Could not be loaded (1)" in text
    assert "Needs an answer (1)" in text
    assert "--write-variables" in text
    page = html.render(found)
    assert "Needs an answer" in page
    from dagprof.analyse.fleet import Fleet

    assert "### Needs an answer" in markdown.render(found, Fleet(found).plan(), None)


def test_fail_on_import_error_leaves_it_open() -> None:
    asked = scanned.demand(None, "50ms", ["import-error"])
    verdict = scanned.decide(run(needy()), None, {}, asked)
    assert verdict.decision is Decision.CANNOT_TELL
    assert (
        verdict.reason
        == "No file fails the gate, but 1 file needs values that dagprof does not have. "
        "Supply the values with --variables, --connections or --env-file."
    )
    assert words.reasons(verdict) == [f"a.py: {needy().what_it_needs}"]
    broken = file("c.py", 5, status=Status.IMPORT_ERROR, failures=(FAILURE,))
    verdict = scanned.decide(run(needy(), broken), None, {}, asked)
    assert verdict.decision is Decision.FAILED
    assert not any("api_url" in reason for reason in words.reasons(verdict))


@pytest.mark.parametrize("before", [file("a.py", 10, 10, 10), needy()])
def test_it_is_neither_broken_nor_faster_than_the_baseline(before: FileResult) -> None:
    (change,) = comparison.compare(run(before), run(needy())).files
    assert not change.breaks
    assert not change.is_fixed
    assert change.outcome is Outcome.CANNOT_TELL


@pytest.mark.parametrize("before", [file("a.py", 10, 10, 10), needy(), None])
def test_the_gate_is_inconclusive(before: FileResult | None) -> None:
    base = run(before) if before is not None else run()
    compared = gate.Compared(base=base, head=run(needy()), base_name="base", head_name="head")
    verdict = gate.decide(compared, gate.Demand(today=datetime.date(2026, 1, 1)))
    assert verdict.decision is Decision.CANNOT_TELL
    (one,) = verdict.files
    assert one.outcome is (Outcome.NEW if before is None else Outcome.CANNOT_TELL)
    assert "api_url" in one.reason
    assert one.timing is None
    assert {finding.rule for finding in one.findings} == {Rule.UNSURE}
    assert (one.findings[0].file, one.findings[0].line) == ("a.py", 7)
