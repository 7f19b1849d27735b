"""What the roles ``installed`` and ``starting`` write."""

from __future__ import annotations

from typing import TypedDict


class InstalledRow(TypedDict):
    """One distribution. ``origin`` is empty if it comes from a package index. ``groups`` are the
    groups of its entry points, ``commands`` its console scripts.
    """

    name: str
    version: str
    requires: list[str]
    size_bytes: int
    origin: str
    is_editable: bool
    groups: list[str]
    commands: list[str]


class OwnerRow(TypedDict, total=False):
    """The longest part of a name that is a module of a distribution, and the distributions with
    that module. ``moved_to`` is the path of a provider that Airflow redirects the name to; the
    other fields then belong to this path.
    """

    module: str
    distributions: list[str]
    is_standard: bool
    moved_to: str


class Installed(TypedDict):
    """All distributions, and the owner of each name in the question."""

    distributions: list[InstalledRow]
    owners: dict[str, OwnerRow]
    python: str
