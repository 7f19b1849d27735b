"""The complete division of the load stage of each file into causes. Every millisecond belongs to a
line of the user's code, or is unknown.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import NamedTuple

from dagprof.analyse.loads import leads
from dagprof.attribution.candidates import shown_path
from dagprof.attribution.scale import own_load_ms
from dagprof.attribution.statement_times import of_helper_us, without_loads_us
from dagprof.model import FileResult, Origin, Place, Run, Statement, Trace
from dagprof.model.effects import DATABASE, FILES, NETWORK, PROGRAM, WAITING
from dagprof.nesting import InnermostLines


class CauseKind(str, enum.Enum):
    """The kinds of causes. ``IMPORT`` and ``CALL`` are the modules that an import statement or any
    other statement loads. ``CODE`` is the statement's own work, ``WAIT`` its own waiting.
    ``AIRFLOW`` is the time before the first and after the last statement of the file, in which
    Airflow reads the file, and formats an error. ``UNKNOWN`` are modules of which no line is known.
    """

    IMPORT = "import"
    CALL = "call"
    CODE = "code"
    WAIT = "wait"
    PROGRAM = "program"
    NETWORK = "network"
    DATABASE = "database"
    FILE = "file"
    BUILDING = "DAGs and tasks"
    COLLECTION = "garbage collection"
    AIRFLOW = "loading by Airflow"
    UNKNOWN = "unknown"


class Owner(NamedTuple):
    """A part of the load stage of one file, in ms without the wait for a CPU: its kind, the line of
    the user's code that causes it, and the module or statement. The place is None if no line of the
    user causes the part.
    """

    path: str
    kind: CauseKind
    place: Place | None
    what: str
    ms: float


def owners(run: Run, file: FileResult) -> list[Owner]:
    """The parts of the load stage of a traced file. Their sum is the median load stage. Empty for
    an untraced file.

    The shares come from the tracing pass. dagprof scales them to the load stage of an
    uninstrumented parse.
    """
    return _owners(run, file, _are_users(run))


def of_each_file(run: Run) -> Iterator[tuple[FileResult, list[Owner]]]:
    """The files of a Run, each with its owners as :func:`owners` gives them."""
    are_users = _are_users(run)
    for file in run.files:
        yield file, _owners(run, file, are_users)


def _are_users(run: Run) -> list[bool]:
    return [module.origin is Origin.USER for module in run.modules]


def _owners(run: Run, file: FileResult, are_users: list[bool]) -> list[Owner]:
    trace = file.trace
    if trace is None or not file.is_timed:
        return []
    rows = [*_loads(run, file, trace, are_users), *_statements(run, file, trace)]
    known_us = sum(row.ms for row in rows) * 1000
    total_us = max(known_us, 1000 * (trace.load_ms - trace.compile_ms))
    if total_us <= 0:
        return []
    scale = own_load_ms(file) * 1000 / total_us
    airflow = Owner(file.path, CauseKind.AIRFLOW, None, "", (total_us - known_us) / 1000)
    return [row._replace(ms=row.ms * scale) for row in (*rows, airflow) if row.ms > 0]


def _loads(run: Run, file: FileResult, trace: Trace, are_users: list[bool]) -> Iterator[Owner]:
    """The modules, each at the user's line that leads to it. The code of the user's own modules
    belongs to these modules, as far as the times of their statements are known.
    """
    timed = {
        helper.module: sum(of_helper_us(trace, helper, run.modules)) for helper in trace.helpers
    }
    for position, lead in enumerate(leads(trace.loads, are_users)):
        module = trace.loads.module[position]
        own_us = trace.loads.self_us[position]
        if module in timed:
            own_us = max(0, own_us - timed.pop(module))
        if lead.module < 0 and lead.line <= 0:
            continue  # Airflow loads it later, to check or to serialise the DAGs
        kind = CauseKind.CALL if lead.is_indirect else CauseKind.IMPORT
        place: Place | None = Place(file=_path(run, file, lead.module), line=lead.line)
        if lead.line <= 0:
            kind, place = CauseKind.UNKNOWN, None
        yield Owner(file.path, kind, place, run.modules[module].name, own_us / 1000)


def _path(run: Run, file: FileResult, module: int) -> str:
    return file.path if module < 0 else shown_path(run.modules[module].file, run.root)


def _statements(run: Run, file: FileResult, trace: Trace) -> Iterator[Owner]:
    """The own work of the statements of the DAG file and of its slow helpers."""
    yield from _divided(run, file, file.path, trace.statements, without_loads_us(trace))
    for row in trace.statements:
        place = Place(file=file.path, line=row.line)
        yield Owner(file.path, CauseKind.COLLECTION, place, row.text, row.gc_us / 1000)
    for helper in trace.helpers:
        took = of_helper_us(trace, helper, run.modules)
        yield from _divided(run, file, _path(run, file, helper.module), helper.statements, took)


def _divided(
    run: Run, file: FileResult, path: str, statements: tuple[Statement, ...], took: list[int]
) -> Iterator[Owner]:
    """The own time of each statement: its effects, its DAGs and tasks, its waiting, and the
    rest.
    """
    effects = _effects_us(run, file, path, statements)
    inside_cpu = [0] * len(statements)
    for row in statements:
        if row.parent >= 0:
            inside_cpu[row.parent] += row.cpu_us
    for position, (row, own_us) in enumerate(zip(statements, took, strict=True)):
        left_us = own_us
        parts = {**effects.get(position, {}), CauseKind.BUILDING: row.building_us}
        for kind, us in parts.items():
            part_us = min(left_us, us)
            left_us -= part_us
            yield _part(file, path, row, kind, part_us)
        cpu_us = max(0, row.cpu_us - inside_cpu[position])
        waited_us = max(0, left_us - cpu_us)
        yield _part(file, path, row, CauseKind.WAIT, waited_us)
        yield _part(file, path, row, CauseKind.CODE, left_us - waited_us)


def _part(file: FileResult, path: str, row: Statement, kind: CauseKind, us: int) -> Owner:
    return Owner(file.path, kind, Place(file=path, line=row.line), row.text, us / 1000)


def _effects_us(
    run: Run, file: FileResult, path: str, statements: tuple[Statement, ...]
) -> dict[int, dict[CauseKind, int]]:
    """The time of the effects of each statement, by position. Effects contain one another, so only
    the longest of each kind counts.
    """
    innermost = InnermostLines((row.line, row.end_line) for row in statements)
    found: dict[int, dict[CauseKind, int]] = {}
    for effect in file.effects:
        kind = _KINDS.get(effect.about.group)
        if kind is None or not effect.wall_us or shown_path(effect.file, run.root) != path:
            continue
        position = innermost.at(effect.line)
        if position >= 0:
            row = found.setdefault(position, {})
            row[kind] = max(row.get(kind, 0), effect.wall_us)
    return found


_KINDS = {
    PROGRAM: CauseKind.PROGRAM,
    NETWORK: CauseKind.NETWORK,
    DATABASE: CauseKind.DATABASE,
    FILES: CauseKind.FILE,
    WAITING: CauseKind.WAIT,
}


def by_kind(run: Run) -> dict[str, float]:
    """The time of each kind of cause in one parse loop in ms, the largest first. Other stages of
    the parse have their own names; ``untraced`` is the load stage of files without a trace.
    """
    totals: dict[str, float] = {}

    def add(name: str, ms: float) -> None:
        totals[name] = totals.get(name, 0.0) + ms

    for file, found in of_each_file(run):
        if not file.is_timed:
            continue
        for owner in found:
            add(owner.kind.value, owner.ms)
        share = file.own_ms / file.parse_ms if file.parse_ms else 1.0
        if not found:
            add("untraced", file.samples.median("load_ms") * share)
        for name, label in _STAGES.items():
            add(label, file.samples.median(name) * share)
    return dict(sorted(totals.items(), key=lambda pair: -pair[1]))


_STAGES = {
    "airflow_ms": "import of Airflow",
    "bag_ms": "checks by DagBag",
    "serialise_ms": "serialising",
    "exit_ms": "end of the process",
}
