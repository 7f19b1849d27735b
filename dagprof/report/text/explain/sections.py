"""All sections of ``dagprof explain``, in the order of the output."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from dagprof.analyse.fleet import Fleet
from dagprof.model import FileResult, Status
from dagprof.quantities import count, duration
from dagprof.report import figures
from dagprof.report.escape import safe_text
from dagprof.report.text import failures
from dagprof.report.text.explain.effects import effects_section
from dagprof.report.text.explain.explanation import Explanation, title
from dagprof.report.text.explain.imports import imports_section
from dagprof.report.text.explain.proposals import changes_section, experiments_section, plan_section
from dagprof.report.text.explain.source import source_section
from dagprof.report.text.explain.stacks import stack_section


def render(explanation: Explanation, fleet: Fleet, *, console: Console) -> None:
    """Print everything about the file, or about one line of the file. The output includes the
    changes and the plan of the whole run.
    """
    file = explanation.file
    console.print(Text(f"{safe_text(file.path)}: {_headline(file)}", style="bold"))
    if busy := figures.busy(explanation.run):
        console.print(Text(f"  {busy}", style="yellow"), soft_wrap=True)
    if file.status is Status.NO_DAGS and not file.lost_dags:
        text = (
            "This file defines no DAG. Run `dagprof explain` for a DAG file that imports this file."
        )
        console.print(Text(f"  {text}", style="yellow"), soft_wrap=True)
    if file.unanswered:
        needs = f"The file needs {file.needed_answers}"
        console.print(Text(f"  {safe_text(needs, 400)}.", style="yellow"), soft_wrap=True)
    failures.render_one(explanation.run, file, console)
    source_section(explanation, console)
    imports_section(explanation, console)
    effects_section(explanation, console)
    experiments_section(explanation, console)
    changes_section(explanation, fleet.changes(), console)
    plan_section(explanation, fleet.plan(), console)
    stack_section(explanation, console)
    _notes(explanation, console)


def _headline(file: FileResult) -> str:
    if not file.is_timed:
        return file.detail or figures.status(file.status)
    named = zip(figures.stage_names(file), figures.stages(file), strict=True)
    parts = ", ".join(f"{name} {duration(ms)}" for name, ms in named if ms >= figures.SMALLEST_MS)
    failed = f"{figures.status(file.status)}; " if file.status.is_failure else ""
    return (
        f"{failed}{duration(file.parse_ms)}"
        f" {f'± {figures.spread(file)} ms' if len(file.samples) > 1 else '(one parse)'} to parse"
        f" ({parts}); {count(len(file.dag_ids), 'DAG')}, {count(file.task_count, 'task')}"
    )


def _notes(explanation: Explanation, console: Console) -> None:
    file = explanation.file
    lines = [figures.unstable(file)] if file.instabilities else []
    lines += [safe_text(doubt.text, 400) for doubt in file.doubts]
    lines += [
        safe_text(doubt.text, 400)
        for doubt in explanation.run.doubts
        if doubt.code == "bundle-root"
    ]
    if lines:
        title("Notes", console)
        for line in lines:
            console.print(Text(f"  {line}"), soft_wrap=True)
