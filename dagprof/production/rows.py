"""Rows of Airflow's tables as a ``Production``. All values in the rows may be hostile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from dagprof.model import Production, ProductionFile
from dagprof.model.base import MOST
from dagprof.model.deployment.production import ProductionSource
from dagprof.production.place import Place

# The columns that dagprof reads, as far as a version of Airflow has them.
DAGS, ERRORS = "dag", "import_error"
DURATION = "last_parse_duration"
COLUMNS = {
    DAGS: (
        "fileloc",
        "relative_fileloc",
        "bundle_name",
        "last_parsed_time",
        DURATION,
        "is_stale",
        "is_active",
    ),
    ERRORS: ("filename", "bundle_name", "stacktrace"),
}
_LONGEST_PATH, _LONGEST_NAME, _LONGEST_ERROR = 4096, 250, 300
# Of a stack trace, only the end is read.
_READ = 20_000

Rows = Iterable[Mapping[str, Any]]


class _Key(NamedTuple):
    bundle: str
    path: str


class _File:
    def __init__(self) -> None:
        self.parse_ms: float | None = None
        self.parsed_at = ""
        self.dags = 0
        self.error = ""


class _Invalid(Exception):
    pass


def production(
    place: Place,
    source: ProductionSource,
    dags: Rows,
    errors: Rows,
    *,
    has_durations: bool,
    airflow_version: str = "",
) -> Production:
    """One row for each file. Of several DAGs in one file, the DAG with the latest parse counts."""
    files: dict[_Key, _File] = {}
    invalid = 0
    for row in dags:
        if row.get("is_stale") or row.get("is_active") in (False, 0):
            continue
        try:
            _add_dag(files, row)
        except _Invalid:
            invalid += 1
    for row in errors:
        try:
            key = _Key(_name(row.get("bundle_name")), _path(row.get("filename")))
        except _Invalid:
            invalid += 1
        else:
            file = files.setdefault(key, _File())
            file.error = place.redact(_last_line(row.get("stacktrace")))[:_LONGEST_ERROR]
    return Production(
        source=source,
        place=place.shown,
        airflow_version=_name(airflow_version),
        has_durations=has_durations,
        files=tuple(
            ProductionFile(
                path=key.path,
                bundle=key.bundle,
                parse_ms=file.parse_ms,
                parsed_at=file.parsed_at,
                dags=file.dags,
                error=file.error,
            )
            for key, file in files.items()
        ),
        invalid=invalid,
    )


def _add_dag(files: dict[_Key, _File], row: Mapping[str, Any]) -> None:
    key = _Key(
        _name(row.get("bundle_name")), _path(row.get("relative_fileloc") or row.get("fileloc"))
    )
    parse_ms = _parse_ms(row.get(DURATION))
    file = files.setdefault(key, _File())
    file.dags += 1
    parsed = row.get("last_parsed_time")
    parsed_at = parsed[:40] if isinstance(parsed, str) else ""
    if file.dags == 1 or parsed_at > file.parsed_at:
        file.parse_ms, file.parsed_at = parse_ms, parsed_at


def _path(value: object) -> str:
    """The path of the DAG file. A module in a zip archive has the path of the archive.

    :raises _Invalid: the value is no path.
    """
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_PATH or "\0" in value:
        raise _Invalid
    text = value.replace("\\", "/")
    head, mark, _ = text.partition(".zip/")
    return head + ".zip" if mark else text


def _name(value: object) -> str:
    return value[:_LONGEST_NAME] if isinstance(value, str) else ""


def _parse_ms(value: object) -> float | None:
    """Seconds as milliseconds. None if there is no duration.

    :raises _Invalid: no parse can have this duration.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Invalid
    if not 0 <= value <= MOST / 1000:  # also NaN
        raise _Invalid
    return float(value) * 1000


def _last_line(value: object) -> str:
    """The last line of a stack trace, which names the error. A line that is only partly read may
    begin within a secret, so it does not count.
    """
    text = value if isinstance(value, str) else ""
    lines = [line.strip() for line in text[-_READ:].splitlines() if line.strip()]
    if not lines or (len(lines) == 1 and len(text) > _READ):
        return "import error"
    return lines[-1]
