"""The registry of output formats for Runs and verdicts.

A new format needs one module with a function that returns the text, and one row in this registry.
The commands offer the formats of this registry. dagprof imports the module of a format only when it
writes this format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from dagprof.analyse.comparison import Comparison
    from dagprof.analyse.fleet import Fleet
    from dagprof.analyse.others import Others
    from dagprof.gate.verdict import Verdict
    from dagprof.model import Run
    from dagprof.practices.checking import Checked

Subject = TypeVar("Subject")


class RunReport(NamedTuple):
    """The input of a report about a Run.

    ``comparison`` compares the Run with the Run ``baseline``. ``verdict`` is the verdict of the
    gate. ``others`` are the changes that are not in the plan. ``checked`` are the findings of the
    practice rules. All of these may be missing. ``with_source`` says whether the report contains
    the source of the DAG files.
    """

    run: Run
    fleet: Fleet
    comparison: Comparison | None = None
    baseline: Run | None = None
    verdict: Verdict | None = None
    others: Others | None = None
    checked: Checked | None = None
    with_source: bool = True


class VerdictReport(NamedTuple):
    """The input of a report about a verdict.

    ``base`` and ``head`` are the compared Runs, which only some formats need. ``prefix`` is the
    path from the root of the repository to the bundle root, such as ``dags/``.
    """

    verdict: Verdict
    base: Run | None = None
    head: Run | None = None
    prefix: str = ""
    with_source: bool = True


@dataclass(frozen=True)
class Format(Generic[Subject]):
    """One format: the function that returns the text, the file suffix, and the purpose of the
    format.
    """

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
        others=report.others,
        checked=report.checked,
        with_source=report.with_source,
    )


def _run_markdown(report: RunReport) -> str:
    from dagprof.report import markdown

    return markdown.render(report.run, report.fleet.plan(), report.comparison, report.others)


def _verdict_page(report: VerdictReport) -> str:
    from dagprof.report.verdict import page

    if report.base is None or report.head is None:
        raise ValueError("the HTML report of a verdict needs the Runs of both versions")
    return page.render(report.verdict, report.base, report.head, with_source=report.with_source)


def _by(module: str) -> Callable[[VerdictReport], str]:
    """A function that calls ``render`` of a module of ``dagprof.report.verdict``."""

    def text(report: VerdictReport) -> str:
        written: str = import_module(f"dagprof.report.verdict.{module}").render(
            report.verdict, prefix=report.prefix
        )
        return written

    return text


RUNS: dict[str, Format[RunReport]] = {
    "html": Format(_run_page, ".html", "the HTML report"),
    "markdown": Format(
        _run_markdown, ".md", "the plan and the comparison, for a wiki or a pull request"
    ),
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
        "the HTML report of the changed version, with the decision at the top",
        needs_runs=True,
    ),
}
