"""The parse times that the DAG processor of a deployment reports for its DAG files."""

from __future__ import annotations

import enum

from dagprof.model.base import Count, Frozen, Ms


class ProductionSource(str, enum.Enum):
    """The place from which dagprof read the figures."""

    DATABASE = "database"
    REST = "rest"


class ProductionFile(Frozen, frozen=True):
    """One DAG file of a deployment.

    ``path`` is relative to its bundle (Airflow 3), or the absolute path on the machine of the
    deployment. ``parse_ms`` is the duration of the last parse, and None if the deployment reports
    none. ``parsed_at`` is the time of this parse. ``error`` is the last line of the import error
    of the file, without secrets.
    """

    path: str
    bundle: str = ""
    parse_ms: Ms | None = None
    parsed_at: str = ""
    dags: Count = 0
    error: str = ""


class Production(Frozen, frozen=True):
    """What the DAG processor of a deployment reports. ``place`` is the database or the address,
    without user name, password and token.

    ``has_durations`` says whether this version of Airflow stores parse durations. ``invalid``
    counts the rows that dagprof ignored because they hold no valid path or duration.
    """

    source: ProductionSource
    place: str
    airflow_version: str = ""
    has_durations: bool = False
    files: tuple[ProductionFile, ...] = ()
    invalid: Count = 0

    @property
    def total_ms(self) -> float:
        """The sum of all parse durations in ms."""
        return sum(file.parse_ms or 0.0 for file in self.files)
