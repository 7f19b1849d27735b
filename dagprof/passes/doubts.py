"""Doubts about the figures of one file. A reader needs them to judge the figures."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence

from dagprof.link.messages.result import LoggedRow, ScheduleRow, UntracedRow
from dagprof.model import COMPOSED, Doubt, FileResult, Status
from dagprof.passes.plan import STABLE_MS
from dagprof.quantities import count, span
from dagprof.robust import standard_error_of_median

NOISY_SHARE = 0.10
DRIFT_SHARE = 0.5
# Three times are in ascending or descending order by chance one time in three, five one time in
# sixty.
FEWEST_FOR_DRIFT = 5
# Fields of ``left_out`` in a probe's answer, and what they hold.
# Characters of a logged exception in a note.
_MOST_LOGGED = 300
_ROWS = {
    "failures": "import errors",
    "warnings": "warnings",
    "accesses": "lookups of Variables, Connections and environment variables",
    "effects": "effects",
    "lost": "DAGs that Airflow does not find",
    "loads": "module loads",
    "imports": "import statements",
}


def noise(wall_ms: Sequence[float], own_ms: Sequence[float]) -> list[Doubt]:
    """Notes on parse times that scatter, or that only rise or only fall. Both lists are in ms, in
    the order of the parses.
    """
    if len(wall_ms) < 2:
        return []
    centre, error = statistics.median(wall_ms), standard_error_of_median(wall_ms)
    if error > max(STABLE_MS, NOISY_SHARE * centre):
        text = (
            f"Noisy: the times of {len(wall_ms)} parses range from"
            f" {span(min(wall_ms), max(wall_ms))}."
        )
        return [Doubt(code="noisy", text=text)]
    steps = [later - earlier for earlier, later in itertools.pairwise(own_ms)]
    one_way = len(own_ms) >= FEWEST_FOR_DRIFT and (
        all(step > 0 for step in steps) or all(step < 0 for step in steps)
    )
    if one_way and abs(own_ms[-1] - own_ms[0]) > max(DRIFT_SHARE * centre, 10 * STABLE_MS):
        text = (
            f"Drifting: the parse time changed from {own_ms[0]:.0f} to {own_ms[-1]:.0f} ms. Each"
            " parse affects the next parse."
        )
        return [Doubt(code="drift", text=text)]
    return []


def composed(result: FileResult) -> list[Doubt]:
    """Whether a part of the parse time comes from the survey of a shared layer."""
    if not result.composed_ms:
        return []
    text = (
        "dagprof composed the parse time from two parts:"
        f" {result.parse_ms - result.composed_ms:.0f} ms for this file, and"
        f" {result.composed_ms:.0f} ms for imports of shared packages. dagprof measured these"
        " imports only once, and adds their time to the parse time of each file that loads these"
        " packages."
    )
    return [Doubt(code=COMPOSED, text=text)]


def waiting(result: FileResult) -> list[Doubt]:
    """Notes that other processes used the processor for much of the parse time."""
    queued, wall = result.parse_ms - result.own_ms, result.parse_ms
    if not wall or queued <= max(STABLE_MS, NOISY_SHARE * wall):
        return []
    text = (
        f"Busy: the parse spent {queued:.0f} of {wall:.0f} ms waiting for a CPU. Compare CPU times"
        " instead of parse times."
    )
    return [Doubt(code="busy", text=text)]


def stubs(result: FileResult) -> list[Doubt]:
    """Notes on Variables and Connections without an answer."""
    stubbed = sorted({access.key for access in result.accesses if access.answered_by == "stub"})
    if not stubbed:
        return []
    shown = ", ".join(stubbed[:5]) + (" and others" if len(stubbed) > 5 else "")
    if result.status is Status.NEEDS_ANSWER:
        return [
            Doubt(
                code="stubbed",
                text=(f"The file fails because dagprof returned placeholder values for {shown}."),
            )
        ]
    if result.failures:
        text = (
            f"dagprof returned placeholder values for {shown}, and the file failed. The file also"
            " failed with all other values that dagprof tried."
        )
        return [Doubt(code="stubbed", text=text)]
    return [
        Doubt(
            code="stubbed",
            text=(
                f"dagprof returned placeholder values for {shown}. The parse time excludes the cost"
                " of the real lookups."
            ),
        )
    ]


def lost_dags(result: FileResult) -> list[Doubt]:
    """Notes on DAGs that were created but lost. If Airflow found no DAG, all of them; otherwise
    only those of the file's own lines.
    """
    own = [
        lost
        for lost in result.lost_dags
        if not result.dag_ids or lost.file.endswith(f"/{result.path}")
    ]
    if not own or result.status.is_failure:
        return []
    more = f" and {count(len(own) - 1, 'more DAG')}" if len(own) > 1 else ""
    text = (
        f"Airflow does not find DAG {own[0].dag_id} (created at line {own[0].line}){more}. Airflow"
        " finds only DAGs in global variables and DAGs created with `with` or @dag."
    )
    return [Doubt(code="lost-dag", text=text)]


def logged(result: FileResult, rows: Sequence[LoggedRow]) -> list[Doubt]:
    """The exception that code logged last and then ignored, such as that of a broken YAML file. It
    may be the reason for missing DAGs of a file that Airflow loads without an error.
    """
    if not rows or result.status.is_failure or result.failures:
        return []
    row = rows[-1]
    name = row.file.rpartition("/")[2]
    place = f"Line {row.line}" if row.file.endswith(f"/{result.path}") else f"{name}:{row.line}"
    message = " ".join(row.message.split())
    short = message if len(message) <= _MOST_LOGGED else f"{message[:_MOST_LOGGED]}…"
    more = f" This is the last of {row.count:,} logged exceptions." if row.count > 1 else ""
    dags = "may define fewer DAGs than intended" if result.dag_ids else "defines no DAG"
    text = (
        f"{place if name else 'Code'} logs an exception and continues: {row.type}: {short} (logger"
        f" {row.logger}).{more} The file {dags}."
    )
    return [Doubt(code="logged-exception", text=text)]


def left_out(counts: Mapping[str, int]) -> list[Doubt]:
    """Rows beyond the number that is kept, by field of the probe's answer."""
    parts = [f"{counts[field]:,} {words}" for field, words in _ROWS.items() if counts.get(field)]
    if not parts:
        return []
    text = (
        f"This result omits {', '.join(parts)}, because dagprof stores only a limited number of"
        " each kind."
    )
    return [Doubt(code="left-out", text=text)]


def outcomes(statuses: Sequence[Status]) -> list[Doubt]:
    """Notes that not all parses ended in the same way."""
    seen = dict.fromkeys(status.value for status in statuses)
    if len(seen) < 2:
        return []
    text = (
        f"The parses of this file had different outcomes ({', '.join(seen)}). The report shows the"
        " result of the last untraced parse."
    )
    return [Doubt(code="inconsistent", text=text)]


def left_running(processes: int) -> list[Doubt]:
    """Notes on processes that the parse started and that outlived it."""
    if not processes:
        return []
    many = processes > 1
    text = (
        f"The file left {processes} process{'es' if many else ''} running after the parse. dagprof"
        f" ended {'these processes' if many else 'this process'}."
    )
    return [Doubt(code="leftover-processes", text=text)]


def closed(has_closed: bool) -> list[Doubt]:
    """Notes that the file closed descriptors of other code."""
    if not has_closed:
        return []
    text = (
        "The file closes file descriptors that other code opened. In Airflow 2, the log and the"
        " DAGs of the file may be lost."
    )
    return [Doubt(code="closed-descriptors", text=text)]


def schedules(rows: Sequence[ScheduleRow] | None, dag_ids: Sequence[str]) -> list[Doubt]:
    """Notes on DAGs whose runs are unknown. Without ``rows``, no parse looked for schedules."""
    if rows is None:
        return []
    faults = {row.dag_id: row.fault for row in rows if row.fault}
    examined = {row.dag_id for row in rows}
    late = "the timetables of the file take too long or end the process"
    faults.update({dag_id: late for dag_id in dag_ids if dag_id not in examined})
    if not faults:
        return []
    dag_id, fault = next(iter(faults.items()))
    more = f" and of {count(len(faults) - 1, 'more DAG')}" if len(faults) > 1 else ""
    text = f"dagprof could not count the runs of DAG {dag_id}{more} ({fault})."
    return [Doubt(code="schedule", text=text)]


def untimed(reasons: Sequence[UntracedRow]) -> list[Doubt]:
    """Notes that statements have no times. A syntax error is no reason: the file fails with it."""
    return [
        Doubt(
            code="no-statements",
            text=(
                "dagprof could not time the statements"
                f" ({f'{row.type}: {row.message}' if row.type else row.message})."
            ),
        )
        for row in reasons[:1]
        if not row.is_syntax
    ]
