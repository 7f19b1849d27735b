"""The texts about the parse times of a deployment. The terminal and the page use the same texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dagprof.analyse.production import Cause, ComparedProduction, Reason, Row
from dagprof.model import Production
from dagprof.quantities import count, duration
from dagprof.report import figures
from dagprof.report.escape import safe_text

NO_DURATIONS = (
    "This version of Airflow stores no parse durations. Only Airflow 3.1 and later store parse"
    " durations. For earlier versions, see the metric dag_processing.last_duration in StatsD or"
    " OpenTelemetry."
)
_LONGEST = 160


class Texts(NamedTuple):
    """One row of the table."""

    path: str
    there: str
    here: str
    difference: str
    why: str


def title(production: Production, shown: int) -> str:
    """The title of the table."""
    version = f", Airflow {production.airflow_version}" if production.airflow_version else ""
    place = safe_text(f"{production.place}{version}")
    slowest = f"slowest {count(shown, 'file')}" if shown else "no parse times"
    return f"Parse times in production ({place}): {slowest}"


def rows(compared: ComparedProduction, most: int) -> list[Texts]:
    """The files with the longest parse times in production."""
    timed = [row for row in compared.rows if row.there.parse_ms is not None]
    return [_texts(row, compared) for row in timed[:most]]


def failing(compared: ComparedProduction, most: int) -> list[Texts]:
    """The files with an import error in production."""
    failed = [row for row in compared.rows if row.there.error]
    return [_texts(row, compared) for row in failed[:most]]


def sentences(production: Production, compared: ComparedProduction) -> list[str]:
    """What the figures of all files show together."""
    found = [_matched(production, compared)]
    if not production.has_durations and production.files:
        found.append(NO_DURATIONS)
    elif compared.matched_ms:
        found.append(
            "For each file, the time in production includes lookups and about"
            f" {duration(compared.overhead_ms)} of Airflow's own work. The time here"
            " excludes lookups, Airflow's own work and waits for a CPU."
        )
    found += _speed(compared)
    found += _failures(compared)
    if production.invalid:
        found.append(
            f"dagprof ignored {count(production.invalid, 'row')} from production, because a path"
            " or a duration is invalid."
        )
    return found


def _matched(production: Production, compared: ComparedProduction) -> str:
    total, here = len(production.files), len(compared.only_here)
    if not total:
        return "Production reports no DAG files."
    both = total - compared.only_there
    text = f"This scan contains {both:,} of the {count(total, 'file')} that production reports."
    if compared.total_ms:
        share = compared.matched_ms / compared.total_ms
        text += (
            " The files whose parse time is known both here and in production take"
            f" {share:.0%} of production's total parse time of {duration(compared.total_ms)}."
        )
    if not here:
        return text
    return f"{text} Production does not report {count(here, 'scanned file')}."


def _speed(compared: ComparedProduction) -> list[str]:
    speed = compared.speed
    if speed is None or not speed.differs:
        return []
    slower = "slower or busier" if speed.factor > 1 else "faster"
    text = (
        f"A typical file takes {speed.factor:.2f} times as long in production as here. For half of"
        f" the {speed.files:,} compared files, the factor is between {speed.low:.2f} and"
        f" {speed.high:.2f}. This factor is similar for most files, so the machine in production"
        f" is {slower}."
    )
    return [text]


def _failures(compared: ComparedProduction) -> list[str]:
    failed = [row for row in compared.rows if row.there.error]
    if not failed:
        return []
    only = [row for row in failed if row.file is not None and not row.file.status.is_failure]
    text = f"In production, {count(len(failed), 'file')} cannot be imported"
    if only:
        named = ", ".join(safe_text(row.path, _LONGEST) for row in only[:3])
        more = f" and {len(only) - 3:,} more" if len(only) > 3 else ""
        text += f". Here, the import of {named}{more} succeeds"
    return [f"{text}."]


def _texts(row: Row, compared: ComparedProduction) -> Texts:
    there, here = row.there.parse_ms, row.here_ms
    bundle = f" ({row.there.bundle})" if row.there.bundle and row.file is None else ""
    return Texts(
        safe_text(f"{row.path}{bundle}"),
        "-" if there is None else duration(there),
        "-" if here is None else duration(here),
        "-" if there is None or here is None else _difference(there - here),
        why(row, compared),
    )


def _difference(ms: float) -> str:
    return f"{'+' if ms >= 0 else '−'}{duration(abs(ms))}"


def why(row: Row, compared: ComparedProduction) -> str:
    """The reasons for the difference of one file, as clauses. Empty if both times agree."""
    return "; ".join(_reason(reason, row, compared) for reason in row.reasons)


def _reason(reason: Reason, row: Row, compared: ComparedProduction) -> str:
    if reason.cause is Cause.WAITS:
        return _waits(reason)
    if reason.cause is Cause.MACHINE and compared.speed is not None:
        return f"takes {compared.speed.factor:.2f} times as long in production, like most files"
    if reason.cause is Cause.FAILED_THERE:
        return f"import error in production: {safe_text(row.there.error, _LONGEST)}"
    if reason.cause is Cause.SKIPPED and row.skipped is not None:
        return f"not parsed here: {safe_text(row.skipped.why, _LONGEST)}"
    if reason.cause is Cause.FAILED_HERE and row.file is not None:
        return f"fails here: {figures.status(row.file.status)}"
    lookups = count(reason.number, "lookup")
    return {
        Cause.NOT_SCANNED: "not in this scan",
        Cause.NO_TIME: "not timed here",
        Cause.LOOKUPS: f"the time here excludes {lookups} (about {duration(reason.ms)})",
        Cause.SLOW_LOOKUPS: f"{lookups} can take longer in production (see --live-lookups)",
        Cause.STUBS: f"{lookups} got placeholder values here (see --variables)",
        Cause.UNKNOWN: "no cause found in this run",
    }[reason.cause]


def _waits(reason: Reason) -> str:
    effect = reason.effect
    if effect is None or effect.about.verbs is None:
        return ""
    verb = effect.about.verbs.present
    what = f" {safe_text(effect.what, 60)}" if effect.about.has_object else ""
    took = f" ({duration(reason.ms)} here)" if reason.ms else ""
    more = f" and has {count(reason.number - 1, 'more effect')}" if reason.number > 1 else ""
    return f"the file {verb}{what}{more}{took}, which can take longer in production"


def unmatched(compared: ComparedProduction, most: int) -> Sequence[str]:
    """The scanned files that production does not report."""
    return [safe_text(path) for path in compared.only_here[:most]]
