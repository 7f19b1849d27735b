"""The registry of output formats: of Runs, with their comparison where there is one, and of
verdicts.

A new format is one module with a function that returns its text, and one row here. The commands
take their choices from these rows. What a format needs is loaded when it writes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from dagprof.analyse.comparison import Comparison
    from dagprof.analyse.fleet import Fleet
    from dagprof.gate.verdict import Verdict
    from dagprof.model import Run

Subject = TypeVar("Subject")


class RunReport(NamedTuple):
    """What the report of a Run is written from.

    ``comparison`` is that with the Run ``baseline``, ``verdict`` the word on it; all may be
    missing. ``with_source`` lets the source of the DAG files in.
    """

    run: Run
    fleet: Fleet
    comparison: Comparison | None = None
    baseline: Run | None = None
    verdict: Verdict | None = None
    with_source: bool = True


class VerdictReport(NamedTuple):
    """What the report of a verdict is written from.

    ``base`` and ``head`` are the Runs that it is about, for formats that need them. ``prefix``
    leads from the root of the repository to the paths of the verdict, such as ``dags/``.
    """

    verdict: Verdict
    base: Run | None = None
    head: Run | None = None
    prefix: str = ""
    with_source: bool = True


@dataclass(frozen=True)
class Format(Generic[Subject]):
    """One format: the text of a subject, how its files end, and what it is for."""

    text: Callable[[Subject], str]
    suffix: str
    purpose: str
    needs_runs: bool = False


def _run_page(report: RunReport) -> str:
    from dagprof.report import html

    return html.render(
        report.run,
        fleet=report.fleet,
        comparison=report.comparison,
        baseline=report.baseline,
        verdict=report.verdict,
        with_source=report.with_source,
    )


def _run_markdown(report: RunReport) -> str:
    from dagprof.report import markdown

    return markdown.render(report.run, report.fleet.plan(), report.comparison)


def _verdict_page(report: VerdictReport) -> str:
    from dagprof.report.verdict import page

    if report.base is None or report.head is None:
        raise ValueError("the page of a verdict needs the Runs of both sides")
    return page.render(report.verdict, report.base, report.head, with_source=report.with_source)


def _by(module: str) -> Callable[[VerdictReport], str]:
    """The text by ``render`` of a module of ``dagprof.report.verdict``."""

    def text(report: VerdictReport) -> str:
        written: str = import_module(f"dagprof.report.verdict.{module}").render(
            report.verdict, prefix=report.prefix
        )
        return written

    return text


RUNS: dict[str, Format[RunReport]] = {
    "html": Format(_run_page, ".html", "the page"),
    "markdown": Format(_run_markdown, ".md", "plan and comparison, for a wiki or a pull request"),
}
VERDICTS: dict[str, Format[VerdictReport]] = {
    "json": Format(_by("json_"), ".json", "the whole verdict, for programs"),
    "junit": Format(_by("junit"), ".xml", "JUnit XML, for the test view of a CI system"),
    "sarif": Format(_by("sarif"), ".sarif", "SARIF 2.1.0, for code scanning"),
    "github": Format(
        _by("github"),
        ".txt",
        "workflow commands that annotate lines, for the log of GitHub Actions",
    ),
    "gitlab": Format(_by("gitlab"), ".json", "a code quality report, for merge requests of GitLab"),
    "markdown": Format(
        _by("markdown"), ".md", "a comment on a pull request, or the summary of a step"
    ),
    "html": Format(
        _verdict_page,
        ".html",
        "the page of the new side, with the decision on top",
        needs_runs=True,
    ),
}
