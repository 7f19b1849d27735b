"""The headline, plan and comparison of a Run in Markdown, for a wiki or a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dagprof.analyse.comparison import Comparison, FileChange
from dagprof.analyse.fleet import Plan, Step
from dagprof.analyse.others import Others
from dagprof.analyse.others import others as found_others
from dagprof.judge.judgement import Outcome
from dagprof.model import Run
from dagprof.quantities import count, duration
from dagprof.report import changes, figures, others
from dagprof.report.text import failures, plugins
from dagprof.report.verdict.markdown import escaped, table

ROWS = 30


def render(run: Run, plan: Plan, comparison: Comparison | None, found: Others | None = None) -> str:
    """The report as text. Names are escaped and cannot act as Markdown. ``found`` are the changes
    that are not in the plan; computed if missing.
    """
    parts = [
        f"## {escaped(figures.headline(run))}",
        escaped(figures.busy(run)),
        *(_comparison(comparison) if comparison is not None else ()),
        *_plan(run, plan),
        *_others(run, found or found_others(run, plan)),
        *_plugins(run),
        *_failures(run),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _plan(run: Run, plan: Plan) -> Iterable[str]:
    if not plan.steps:
        return [escaped(changes.no_plan(run, plan))]
    rows = [_step(plan, number, step) for number, step in enumerate(plan.steps[:ROWS], 1)]
    return [
        "### Best changes",
        f"{escaped(changes.summary(run, plan, 3))}.",
        table(
            ("", "saves", "with changes above", "evidence", "files", "where", "what to do"), rows
        ),
    ]


def _others(run: Run, found: Others) -> Iterable[str]:
    rows = others.rows(run, found)
    asked = others.about_lookups(run)
    if rows or asked:
        yield "### Other changes"
        yield escaped(asked)
    if rows:
        cells = [
            (
                row.saves,
                row.when,
                row.evidence,
                f"{row.files:,}",
                f"<code>{escaped(row.where)}</code>",
                escaped(row.what, 1000),
            )
            for row in rows
        ]
        yield table(("saves", "in", "evidence", "files", "where", "what to do"), cells)


def _step(plan: Plan, number: int, step: Step) -> Sequence[str]:
    places = "<br>".join(f"<code>{escaped(str(change.place))}</code>" for change in step.changes)
    return (
        str(number),
        duration(step.adds_ms),
        changes.with_above(plan, step),
        step.evidence,
        f"{step.files:,}",
        places,
        escaped(changes.instruction(step)),
    )


def _comparison(comparison: Comparison) -> Iterable[str]:
    found = [*comparison.of(Outcome.REGRESSION), *comparison.of(Outcome.IMPROVEMENT)]
    broken = [
        f"- <code>{escaped(file.path)}</code> {escaped(file.missing)}"
        for file in comparison.files
        if file.breaks
    ]
    yield "### Comparison with the baseline"
    yield (
        f"The total parse time changed from {duration(comparison.baseline_total_ms)} to "
        f"{duration(comparison.current_total_ms)}."
    )
    yield "\n".join(f"- {escaped(text)}" for text in comparison.warnings)
    yield "\n".join(broken[:ROWS])
    if found:
        yield table(
            ("", "before", "now", "difference", "file"), [_change(file) for file in found[:ROWS]]
        )
    if len(found) > ROWS:
        yield f"{count(len(found) - ROWS, 'more file')} changed."


def _change(file: FileChange) -> Sequence[str]:
    share = "" if file.difference_share is None else f" ({file.difference_share:+.0%})"
    return (
        changes.WORDS[file.outcome],
        duration(file.baseline_ms),
        duration(file.current_ms),
        f"{file.difference_ms:+,.0f} ms{share}",
        f"<code>{escaped(file.path)}</code>",
    )


def _failures(run: Run) -> Iterable[str]:
    for title, failed in (("Could not be loaded", run.broken), ("Needs an answer", run.needy)):
        if found := list(failures.lines(run, failed, ROWS)):
            yield f"### {title}"
            yield "\n".join(line for cause in found for line in _cause(*cause))


def _cause(reason: str, way_out: str, places: Sequence[str]) -> Iterable[str]:
    """One list item for each cause. Several files with the same cause are items below the cause."""
    text = escaped(reason, 300) + (f"<br>→ {escaped(way_out, 400)}" if way_out else "")
    if len(places) == 1:
        yield f"- <code>{escaped(places[0])}</code>: {text}"
        return
    yield f"- {text}"
    yield from (f"  - <code>{escaped(place)}</code>" for place in places)


def _plugins(run: Run) -> Iterable[str]:
    if run.plugins:
        rows = [
            (
                *plugins.figures(plugin),
                f"<code>{escaped(plugin.name, 80)}</code>",
                escaped(plugin.error or plugin.source, 200),
            )
            for plugin in plugins.slowest_first(run)[:ROWS]
        ]
        yield "### Plugins"
        yield escaped(plugins.summary(run))
        yield table(("time", "memory", "modules", "plugin", "from"), rows)
