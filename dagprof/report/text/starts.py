"""Terminal output: what task starts cost per day."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagprof.analyse import starts
from dagprof.analyse.fleet import Fleet, Plan
from dagprof.analyse.starts import DagStart, FileStarts
from dagprof.model import Run, ScheduleKind
from dagprof.quantities import count, duration
from dagprof.report import changes
from dagprof.report.escape import safe_text
from dagprof.report.text.screen import columns, titled, within_encoding

SHOWN = 10
_CHANGES = 3
# Costs of DAGs that differ by less than this share are shown as one figure.
_SAME_SHARE = 0.2
_KINDS = {
    ScheduleKind.ASSETS: "assets start the runs",
    ScheduleKind.CONTINUOUS: "each run starts when the previous run ends",
    ScheduleKind.ONCE: "a single run",
    ScheduleKind.NONE: "no schedule",
    ScheduleKind.UNKNOWN: "dagprof could not count the runs",
}


def render(run: Run, fleet: Fleet, *, container_ms: float, console: Console) -> None:
    """Print the cost of task starts by executor and by DAG, and what changes would save."""
    with within_encoding(console):
        titled("Task starts per executor", _executors(run, container_ms), console)
        if not container_ms:
            text = (
                "  The figures exclude the time to start a container. To include this time, use"
                " --container-start, such as --container-start 12s."
            )
            console.print(Text(text, style="dim"))
        rows = starts.file_starts(run)
        titled("Task starts per DAG file", _files(rows[:SHOWN]), console)
        if len(rows) > SHOWN:
            omitted = count(len(rows) - SHOWN, "more file")
            console.print(Text(f"  The table omits {omitted}.", style="dim"))
        _notes(run, rows, console)
        _savings(run, fleet.plan(), console)


def _executors(run: Run, container_ms: float) -> Table:
    table = columns(
        ("executor", "place"),
        ("one start", "figure"),
        ("CPU time", "figure"),
        ("container", "figure"),
        ("starts/day", "figure"),
        ("CPU h/day", "figure"),
        ("slot h/day", "figure"),
        ("memory", "figure"),
    )
    for executor in starts.executors(run):
        row = starts.executor_cost(run, executor, container_ms)
        table.add_row(
            executor.name,
            duration(row.start_ms),
            duration(row.cpu_ms),
            duration(row.container_ms) if row.container_ms else "-",
            f"{row.per_day:,.1f}",
            f"{row.cpu_hours:,.2f}",
            f"{row.slot_hours:,.2f}",
            f"{row.memory_kib / 1024:,.0f} MiB",
        )
    return table


def _files(rows: Sequence[FileStarts]) -> Table:
    table = columns(
        ("starts/day", "figure"),
        ("fork", "figure"),
        ("new interpreter", "figure"),
        ("builds", "figure"),
        ("DAG", "place"),
        ("file", "place"),
    )
    for row in rows:
        name = row.dags[0].schedule.dag_id if len(row.dags) == 1 else ""
        table.add_row(
            f"{row.per_day:,.1f}",
            _cost(row.dags),
            _cost(row.cold),
            f"{max(dag.cost.dags for dag in row.dags):,} of {count(len(row.dags), 'DAG')}",
            Text(safe_text(name, 80) if name else f"{len(row.dags):,} DAGs"),
            Text(safe_text(row.path, 160)),
        )
    return table


def _cost(rows: Sequence[DagStart]) -> str:
    """The cost of a start, as one figure if the DAGs of the file differ little."""
    if not rows:
        return "-"
    low, high = (pick(row.cost.own_ms for row in rows) for pick in (min, max))
    if high - low <= _SAME_SHARE * high:
        shown = duration((low + high) / 2)
    else:
        shown = f"{duration(low)} to {duration(high)}"
    return shown if all(row.is_measured for row in rows) else f"~{shown}"


def _notes(run: Run, rows: Sequence[FileStarts], console: Console) -> None:
    lines = [
        f"{count(each.dags, 'DAG')} {'has' if each.dags == 1 else 'have'} no fixed number of runs"
        f" per day ({_KINDS[each.kind]})."
        for each in starts.untimed(run)
    ]
    if any(not dag.is_measured for row in rows for dag in row.dags):
        lines.append(
            "~ marks an estimate. dagprof measures the first and the middle DAG of a file. For the"
            " other DAGs of the file, dagprof uses the average of both times."
        )
    problems = [start for file in run.files for start in file.starts if start.problem]
    lines += [
        f"DAG {safe_text(start.dag_id, 80)}: {safe_text(start.problem, 200)}."
        for start in problems[:_CHANGES]
    ]
    for line in lines:
        console.print(Text(f"  {line}"))


def _savings(run: Run, plan: Plan, console: Console) -> None:
    """What the best changes save, for each process that parses the file."""
    if not plan.steps:
        return
    table = columns(
        ("DAG processor", "figure"),
        ("tasks without\nthe code", "figure"),
        ("tasks with\nthe code", "figure"),
        ("where", "place"),
        ("what to do", "place"),
    )
    for step in plan.steps[:_CHANGES]:
        per_file = step.adds_ms / max(1, step.files)
        table.add_row(
            f"{duration(step.adds_ms)} per round",
            f"{duration(per_file)} per start",
            "nothing",
            Text(changes.places(step)),
            Text(safe_text(changes.instruction(step), 600)),
        )
    titled("What the best changes save", table, console)
    text = (
        "  A moved import saves time in the DAG processor and in each task that does not use the"
        " import. A task that uses the import saves nothing."
    )
    if len(plan.steps) > 1:
        text += " Each row shows the additional saving after the changes in the rows above."
    console.print(Text(text, style="dim"))
