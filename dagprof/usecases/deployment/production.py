"""Production: what the DAG processor of a deployment reports."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import msgspec

from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.link.inquiries import tables as asking
from dagprof.link.target import existing, resolve
from dagprof.measure.site import scratch_folder
from dagprof.model import Production, Run
from dagprof.production import place as places
from dagprof.production import rest, sqlite
from dagprof.production.place import Place
from dagprof.production.rows import COLUMNS
from dagprof.production.tables import Table, of_tables

_LONGEST_REASON = 300


def production(
    value: str, paths: Sequence[str], settings: Settings, environ: Mapping[str, str]
) -> Production:
    """What the deployment behind ``value`` reports. The interpreter that measures ``paths`` reads
    databases other than SQLite.

    :raises UsageError: there is no such deployment, or it does not answer.
    """
    place = places.place(value, environ)
    if place.kind == places.REST:
        return rest.read(place)
    if place.kind == places.SQLITE:
        return of_tables(place, sqlite.read(place.address))
    return of_tables(place, _asked(place, paths, settings, environ))


def with_production(run: Run, value: str, settings: Settings, environ: Mapping[str, str]) -> Run:
    """A stored Run with what the deployment behind ``value`` reports now. The interpreter that the
    Run names is not used, because it would learn the password of the database.

    :raises UsageError: there is no such deployment, or it does not answer.
    """
    found = production(value, (os.curdir,), settings, environ)
    changed: Run = msgspec.structs.replace(run, production=found)
    return changed


def _asked(
    place: Place, paths: Sequence[str], settings: Settings, environ: Mapping[str, str]
) -> dict[str, Table]:
    with scratch_folder() as scratch:
        target = resolve(settings, existing(tuple(paths)), scratch, environ)
        found = asking.ask(target, place.address, COLUMNS)
    if found.lacks_driver:
        raise UsageError(
            f"{target.python} has no driver for {place.shown} ({_reason(place, found.failed)})."
            " Name an installed driver in the URL, such as postgresql+psycopg2://, or use --python"
            " to choose an interpreter that has the driver."
        )
    if found.failed:
        raise UsageError(
            f"Cannot read {place.shown} ({_reason(place, found.failed)}). Check the URL in"
            " --from-airflow."
        )
    return {name: Table(columns, rows) for name, (columns, rows) in found.tables.items()}


def _reason(place: Place, failed: str) -> str:
    """The first line of a driver's message, without secrets."""
    first = place.redact(failed).strip().split("\n", 1)[0]
    return first.strip()[:_LONGEST_REASON]
