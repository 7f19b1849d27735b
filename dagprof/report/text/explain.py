"""One file in the terminal: its source with the time in the margin, its imports, effects, experiments and changes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagprof.analyse.fleet import Change, FileView, Fleet, Plan
from dagprof.analyse.statements import own_us
from dagprof.analyse.tree import Branch, import_tree
from dagprof.attribution.graph import ROOT, ImportGraph
from dagprof.attribution.scale import sampled_scale, scale
from dagprof.model import STATEMENT, FileResult, Origin, Place, Run, Stack, Status
from dagprof.quantities import count
from dagprof.report import changes, figures
from dagprof.report.escape import safe_text
from dagprof.report.figures import duration
from dagprof.report.text import failures
from dagprof.report.text.effects import by_import

# Context lines around lines with a time; the rest of a long source is folded.
CONTEXT = 2
WHOLE_SOURCE = 60
SMALLEST_MS = 1.0
SMALLEST_SHARE = 0.02
SMALLEST_KIB = 100
DEEPEST = 8
ROWS = 30
# More than this beyond the clock, in ms, and samples belong to what ran before.
LATE_MS = 20.0


class Explanation:
    """What is known about one file. ``source`` holds its lines, None where they are not those that were measured.

    ``scale`` turns times of the tracing pass into those of a plain parse.
    """

    def __init__(self, run: Run, file: FileResult, source: Sequence[str] | None, line: int | None) -> None:
        self.run, self.file, self.source, self.line = run, file, source, line
        self.graph = ImportGraph(file.trace, run.modules, run.import_sets) if file.trace else None
        self.view = FileView(run, file, self.graph) if self.graph else None
        self.statement = self._lines_of(line) if line else None
        self.behind = frozenset(self._behind())
        self.scale = scale(file)
        self.libraries = {module.file for module in run.modules if module.origin is not Origin.USER}

    def _lines_of(self, line: int) -> range:
        """The innermost statement that holds a line."""
        holding = [s for s in self.file.trace.statements if s.line <= line <= s.end_line] if self.file.trace else []
        smallest = min(holding, key=lambda s: s.end_line - s.line, default=None)
        return range(smallest.line, smallest.end_line + 1) if smallest else range(line, line + 1)

    def _behind(self) -> Iterable[Place]:
        """The user's import statements that a line leads to, in helpers too."""
        if self.graph is None or self.view is None or self.statement is None:
            return
        for place, statement in self.view.statements.items():
            targets = self.graph.targets(statement)
            chain = self.graph.chain(targets[0]) if targets else ()
            if any(each.importer == ROOT and each.line in self.statement for each in chain):
                yield place

    def concerns(self, line: int) -> bool:
        """Whether the user asked for a line of the DAG file."""
        return self.statement is None or line in self.statement

    def is_asked(self, place: Place) -> bool:
        """Whether the user asked for an import statement, or for a line that leads to it."""
        return self.line is None or place in self.behind or (place.file == self.file.path and self.concerns(place.line))


def render(explanation: Explanation, fleet: Fleet, *, console: Console) -> None:
    """Print everything about the file, or about one of its lines, with the changes and the plan of the whole run."""
    file = explanation.file
    console.print(Text(f"{safe_text(file.path)}: {_headline(file)}", style="bold"))
    if busy := figures.busy(explanation.run):
        console.print(Text(f"  {busy}", style="yellow"), soft_wrap=True)
    if file.status is Status.NO_DAGS and not file.lost_dags:
        text = "This file defines no DAG; explain a DAG file that imports it."
        console.print(Text(f"  {text}", style="yellow"), soft_wrap=True)
    if file.unanswered:
        needs = file.what_it_needs.replace("it needs", "It needs", 1)
        console.print(Text(f"  {safe_text(needs, 400)}.", style="yellow"), soft_wrap=True)
    failures.render_one(explanation.run, file, console)
    _source(explanation, console)
    _imports(explanation, console)
    _effects(explanation, console)
    _experiments(explanation, console)
    _changes(explanation, fleet.changes(), console)
    _plan(explanation, fleet.plan(), console)
    _stack(explanation, console)
    _rest(explanation, console)


def _headline(file: FileResult) -> str:
    if not file.is_timed:
        return file.detail or figures.status(file.status)
    named = zip(figures.stage_names(file), figures.stages(file), strict=True)
    parts = ", ".join(f"{name} {duration(ms)}" for name, ms in named if ms >= figures.SMALLEST_MS)
    return (
        f"{duration(file.parse_ms)} {f'± {figures.spread(file)}' if len(file.samples) > 1 else '(one parse)'} to parse ({parts}); "
        f"{count(len(file.dag_ids), 'DAG')}, {count(file.task_count, 'task')}"
    )


def _title(text: str, console: Console) -> None:
    console.print()
    console.print(Text(text, style="bold"))


def _source(explanation: Explanation, console: Console) -> None:
    """The source; each statement's first line carries its time in the tracing pass, nested ones included."""
    if explanation.file.trace is None:
        why = "it was not traced; use --depth traced" if explanation.file.is_timed else "no parse finished"
        _title(f"The source is not shown: {why}.", console)
        return
    if explanation.source is None:
        is_archive = explanation.file.path.endswith(".zip")
        why = "it is in an archive" if is_archive else "the file was changed or removed since it was measured"
        _title(f"The source is not shown: {why}.", console)
        return
    statements = explanation.file.trace.statements
    times: dict[int, float] = defaultdict(float)
    for statement in statements:
        if statement.parent < 0 or statements[statement.parent].line != statement.line:
            times[statement.line] += statement.wall_us / 1000 * explanation.scale
    marks = _marks(explanation)
    _title(
        (
            "Source (time of each statement including nested ones, without garbage collection; "
            "traced, scaled to a parse without tracing)"
        ),
        console,
    )
    shown = _shown_lines(explanation, [line for line, ms in times.items() if ms >= SMALLEST_MS] + list(marks))
    previous = 0
    for number in shown:
        if number != previous + 1:
            console.print(Text(f"{'':>9}  {'⋮':>5}", style="dim"))
        previous = number
        ms = times.get(number, 0.0)
        text = Text(f"{duration(ms) if ms >= SMALLEST_MS else '':>9}", style="bold" if ms >= 10 else "")
        text.append(f"  {number:>5}  ", style="dim")
        text.append(safe_text(explanation.source[number - 1].rstrip(), 200), style="default")
        for mark in marks.get(number, ())[:3]:
            text.append(f"  ← {mark}", style="yellow")
        console.print(text, soft_wrap=True)


def _shown_lines(explanation: Explanation, interesting: Iterable[int]) -> list[int]:
    total = len(explanation.source or ())
    if explanation.statement is not None:
        lines = explanation.statement
        return list(range(max(1, lines.start - CONTEXT), min(total, lines.stop - 1 + CONTEXT) + 1))
    if total <= WHOLE_SOURCE:
        return list(range(1, total + 1))
    near = {line + step for line in interesting for step in range(-CONTEXT, CONTEXT + 1)}
    return sorted(line for line in near if 1 <= line <= total)


def _marks(explanation: Explanation) -> dict[int, list[str]]:
    """What the DAG file's own lines do besides running: making DAGs, waiting, effects and look-ups."""
    marks: dict[int, list[str]] = {}
    statements = explanation.file.trace.statements if explanation.file.trace else ()
    for statement, (wall_us, cpu_us) in zip(statements, own_us(statements), strict=True):
        for what, us in (
            ("making DAGs and tasks", statement.building_us),
            ("waiting", wall_us - cpu_us),
            ("collecting garbage", statement.gc_us),
        ):
            ms = us / 1000 * explanation.scale
            if ms >= max(SMALLEST_MS, SMALLEST_SHARE * explanation.file.parse_ms):
                marks.setdefault(statement.line, []).append(f"{duration(ms)} {what}")
    failed = [(each.file, each.line, f"fails: {safe_text(each.type, 60)}") for each in explanation.file.failures]
    for file, line, what in (*failed, *_all_effects(explanation)):
        if line and _is_own(explanation, file):
            marks.setdefault(line, []).append(what)
    return marks


def _is_own(explanation: Explanation, path: str) -> bool:
    return path == explanation.file.path or path == f"{explanation.run.root.rstrip('/')}/{explanation.file.path}"


def _all_effects(explanation: Explanation) -> list[tuple[str, int, str]]:
    """File, line, and what happened there."""
    by = by_import(explanation.file, explanation.run)
    rows = [
        (a.file, a.line, f"{a.kind} {safe_text(a.key, 60)} (answered by {a.answered_by}){_times(a.count)}{by(a)}")
        for a in explanation.file.accesses
    ]
    for effect in explanation.file.effects:
        took = f" {duration(effect.wall_us / 1000)}" if effect.wall_us is not None else ""
        took += figures.in_threads(effect)
        size = f" {effect.size_bytes:,} bytes" if effect.size_bytes else ""
        what = f"{effect.kind} {safe_text(effect.what, 100)}{_times(effect.count)}{took}{size}{by(effect)}"
        rows.append((effect.file, effect.line, what))
    return rows


def _times(number: int) -> str:
    return f" {number:,} ×" if number > 1 else ""


def _imports(explanation: Explanation, console: Console) -> None:
    if explanation.graph is None:
        return
    smallest_us = max(1000.0, SMALLEST_SHARE * explanation.graph.total_us)
    tree = import_tree(explanation.graph, explanation.file, explanation.run, smallest_us=smallest_us)
    tree = [branch for branch in tree if explanation.concerns(branch.line)]
    factor = explanation.scale / 1000
    if not tree:
        return
    _title(
        "Imports (total: this import and everything it loads; alone: time saved by removing only this line or module)",
        console,
    )
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, expand=True)
    has_memory = _has_memory(tree)
    for name in ("total", "alone", "modules", *(["MiB"] if has_memory else [])):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("import", overflow="ellipsis", no_wrap=True, ratio=1)
    _branches(tree, 0, factor, table, has_memory=has_memory)
    console.print(table)


def _has_memory(branches: Sequence[Branch]) -> bool:
    return any(branch.memory_kib >= SMALLEST_KIB or _has_memory(branch.children) for branch in branches)


def _branches(branches: Sequence[Branch], depth: int, factor: float, table: Table, *, has_memory: bool) -> None:
    for branch in branches:
        label = "  " * depth + safe_text(branch.name, 80)
        if branch.place:
            label += f"  ({safe_text(branch.place, 120)})"
        if branch.folded:
            label += f"  and {count(branch.folded, 'module')} of its own"
        table.add_row(
            duration(branch.total_us * factor),
            duration(branch.alone_us * factor) if branch.alone_us >= 50 else "-",
            f"{branch.modules:,}",
            *([f"{branch.memory_kib / 1024:.1f}" if branch.memory_kib >= SMALLEST_KIB else ""] if has_memory else []),
            Text(label),
        )
        if depth < DEEPEST:
            _branches(branch.children, depth + 1, factor, table, has_memory=has_memory)


def _effects(explanation: Explanation, console: Console) -> None:
    rows = _all_effects(explanation)
    if explanation.line is not None:
        rows = [row for row in rows if _is_own(explanation, row[0]) and explanation.concerns(row[1])]
    if not rows:
        return
    _title("Effects while parsing", console)
    for file, line, what in rows[:ROWS]:
        console.print(Text(f"  {safe_text(_below(explanation, file), 120)}:{line}  {what}"), soft_wrap=True)
    if len(rows) > ROWS:
        console.print(f"  and {len(rows) - ROWS} more; run.json has all of them.")


def _below(explanation: Explanation, path: str) -> str:
    return path.removeprefix(explanation.run.root.rstrip("/") + "/")


def _experiments(explanation: Explanation, console: Console) -> None:
    wanted = [
        experiment
        for experiment in explanation.file.experiments
        if any(explanation.is_asked(place) for place in experiment.without)
    ]
    if not wanted:
        return
    _title("Experiments (parsed again without these import statements, in memory)", console)
    untimed = [experiment for experiment in wanted if changes.is_untimed(experiment)]
    for experiment in (each for each in wanted if each not in untimed):
        console.print(Text(f"  {changes.trial(experiment)}"), soft_wrap=True)
        for text in experiment.cautions:
            console.print(
                Text(f"    note: the import also sets {safe_text(text, 200)}", style="yellow"), soft_wrap=True
            )
    if untimed:
        console.print(Text(f"  {changes.untimed(untimed)}"), soft_wrap=True)


def _changes(explanation: Explanation, found: Sequence[Change], console: Console) -> None:
    mine = [change for change in found if _is_asked(explanation, change.place)]
    if not mine:
        return
    _title("Changes (what each alone would save, over all files of the run)", console)
    for change in mine[:ROWS]:
        what = safe_text(change.reason, 300) if change.needed else changes.advice(change)
        line = f"  {duration(change.saving_ms):>8}  {safe_text(str(change.place), 120)}  {change.evidence}: {what}"
        console.print(Text(line), soft_wrap=True)
        way = changes.way(_as_here(explanation, change))
        if way:
            console.print(Text(f"            {way}", style="dim"), soft_wrap=True)


def _as_here(explanation: Explanation, change: Change) -> Change:
    """The change with the chain of imports of this file; another file may reach it by another chain."""
    asked = explanation.view.asked_for(change.place) if explanation.view is not None else None
    return change if asked is None else change._replace(loads=asked.modules, chain=asked.chain)


def _plan(explanation: Explanation, plan: Plan, console: Console) -> None:
    """The steps of the plan that this file has a part in, where they say more than the changes one by one."""
    mine = [step for step in plan.steps if any(_is_asked(explanation, change.place) for change in step.changes)]
    if all(len(step.changes) == 1 for step in mine):
        return
    _title("Plan (largest savings first, each step added to those before it, over all files of the run)", console)
    for step in mine[:ROWS]:
        line = f"  {duration(step.adds_ms):>8}  {changes.places(step)}  {step.evidence}: {changes.instruction(step)}"
        console.print(Text(line), soft_wrap=True)


def _is_asked(explanation: Explanation, place: Place) -> bool:
    return explanation.view is not None and place in explanation.view.statements and explanation.is_asked(place)


def _stack(explanation: Explanation, console: Console) -> None:
    """The sampled call tree of the statements; what a library's own modules load is in the import tree already."""
    root = explanation.file.stack
    found = _statements(root, explanation) if root else []
    if root is None or not found:
        return
    _title("Where the time went, sampled (nodes of 2 % and more, scaled to a parse without sampling)", console)
    factor = sampled_scale(explanation.file)
    for node in found:
        _node(node, 0, factor, explanation, console)
    late = [node.line for node in found if node.wall_ms * factor > 2 * _clocked_ms(explanation, node.line) + LATE_MS]
    if late:
        text = (
            f"  Samples are taken at calls: line {late[0]} also includes what ran before it "
            "without a call, such as a loop. The margin shows each line's own time."
        )
        console.print(Text(text, style="dim"), soft_wrap=True)


def _clocked_ms(explanation: Explanation, line: int) -> float:
    """What the statement at a line took by the clock, in ms of a plain parse, with garbage collection; infinite without one."""
    trace = explanation.file.trace
    at = [each for each in trace.statements if each.line <= line <= each.end_line] if trace else []
    took_us = max((each.wall_us for each in at), default=0) + sum(each.gc_us for each in at)
    return took_us / 1000 * scale(explanation.file) if at else math.inf


def _statements(node: Stack, explanation: Explanation) -> list[Stack]:
    if node.function == STATEMENT and explanation.concerns(node.line):
        return [node]
    return [found for child in node.children for found in _statements(child, explanation)]


def _node(node: Stack, depth: int, factor: float, explanation: Explanation, console: Console) -> None:
    ms = node.wall_ms * factor
    if ms < max(SMALLEST_MS, SMALLEST_SHARE * explanation.file.parse_ms) or depth > 3 * DEEPEST:
        return
    if node.function == STATEMENT:
        is_member = node.file and not node.file.endswith(f"/{explanation.file.path}")
        name = f"{safe_text(node.file.rpartition('/')[2], 60)}:{node.line}" if is_member else f"line {node.line}"
    else:
        where = f"  {safe_text('/'.join(node.file.split('/')[-2:]), 60)}:{node.line}" if node.file else ""
        name = safe_text(node.function, 80) + where
    console.print(Text(f"{duration(ms):>9}  {'  ' * depth}{name}"), soft_wrap=True)
    if node.function == "<module>" and node.file in explanation.libraries:
        return
    for child in node.children:
        _node(child, depth + 1, factor, explanation, console)


def _rest(explanation: Explanation, console: Console) -> None:
    file = explanation.file
    lines = [figures.unstable(file)] if file.instabilities else []
    lines += [safe_text(doubt.text, 400) for doubt in file.doubts]
    lines += [safe_text(doubt.text, 400) for doubt in explanation.run.doubts if doubt.code == "bundle-root"]
    if lines:
        _title("Notes", console)
        for line in lines:
            console.print(Text(f"  {line}"), soft_wrap=True)
