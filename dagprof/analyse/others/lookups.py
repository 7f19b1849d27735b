"""The look-ups of Variables and Connections in all files, and what they cost in one parse loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dagprof.attribution.candidates import shown_path
from dagprof.model import LOOKUP_KINDS, Access, FileResult, LookupPrices, Place, Run

_DAY_MS = 86_400_000.0
# Airflow's default, in seconds.
_LEAST_INTERVAL_S = 30.0


class LookupLine(NamedTuple):
    """A line that looks up Variables or Connections: the keys, the files whose parses run it, the
    look-ups of one parse loop, and their cost in ms. ``cost_ms`` is 0.0 if no price is known.
    """

    place: Place
    kind: str
    keys: tuple[str, ...]
    files: tuple[str, ...]
    lookups: int
    cost_ms: float


class Lookups(NamedTuple):
    """All look-ups of one parse loop. ``per_day`` counts those of all loops of a day."""

    lines: tuple[LookupLine, ...]
    lookups: int
    files: int
    cost_ms: float
    per_day: int


def is_lookup(access: Access) -> bool:
    """Whether Airflow would ask its backends or its database for this access."""
    return access.kind in LOOKUP_KINDS and access.answered_by not in ("environment", "ignored")


def file_cost_ms(file: FileResult, prices: LookupPrices | None) -> float:
    """What the look-ups of one file cost in each parse, in ms. 0.0 if no price is known."""
    if prices is None:
        return 0.0
    return prices.of(_counts(file.accesses))


def _counts(accesses: Iterable[Access]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for access in accesses:
        if is_lookup(access):
            counts[access.kind] = counts.get(access.kind, 0) + access.count
    return counts


def lookups(run: Run) -> Lookups:
    """The look-ups of a Run, the most expensive line first."""
    rows: dict[tuple[Place, str], _Sum] = {}
    for file in run.files:
        counts = _counts(file.accesses)
        cost_ms = file_cost_ms(file, run.lookup_prices)
        alone = {
            kind: run.lookup_prices.of({kind: number}) if run.lookup_prices else 0.0
            for kind, number in counts.items()
        }
        share = cost_ms / sum(alone.values()) if any(alone.values()) else 0.0
        for access in filter(is_lookup, file.accesses):
            place = Place(file=shown_path(access.file, run.root), line=access.line)
            row = rows.setdefault((place, access.kind), _Sum())
            row.keys[access.key] = None
            row.files[file.path] = None
            row.lookups += access.count
            # The first look-up of a parse costs more. Each one counts the same share of that.
            row.cost_ms += share * alone[access.kind] * access.count / counts[access.kind]
    found = [
        LookupLine(place, kind, tuple(row.keys), tuple(row.files), row.lookups, row.cost_ms)
        for (place, kind), row in rows.items()
    ]
    number = sum(line.lookups for line in found)
    return Lookups(
        lines=tuple(sorted(found, key=lambda line: (-line.cost_ms, -line.lookups, line.place))),
        lookups=number,
        files=len({path for line in found for path in line.files}),
        cost_ms=sum(line.cost_ms for line in found),
        per_day=round(number * loops_per_day(run)),
    )


class _Sum:
    def __init__(self) -> None:
        self.keys: dict[str, None] = {}
        self.files: dict[str, None] = {}
        self.lookups = 0
        self.cost_ms = 0.0


def loops_per_day(run: Run) -> float:
    """How often a day the DAG processor parses each file: at most once per
    ``min_file_process_interval``, and not more often than the parsing processes can.
    """
    config = run.environment.airflow_config
    interval_ms = 1000 * _number(config.get("min_file_process_interval"), _LEAST_INTERVAL_S)
    processes = max(1.0, _number(config.get("parsing_processes"), 1.0))
    return _DAY_MS / max(interval_ms, run.total_parse_ms / processes, 1.0)


def _number(text: str | None, otherwise: float) -> float:
    try:
        return max(0.0, float(text)) if text is not None else otherwise
    except ValueError:
        return otherwise
