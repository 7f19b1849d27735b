"""What the probe finds out about the installed distributions."""

from __future__ import annotations

import msgspec

from dagprof.link.messages.base import Message, Short
from dagprof.model.base import Count


class InstalledRow(Message, frozen=True):
    """One distribution. ``origin`` is empty if it comes from a package index. Otherwise, it is a
    URL. The code of an editable distribution stays in the folder of its sources.

    ``groups`` are the groups of its entry points, ``commands`` its console scripts.
    """

    name: Short
    version: Short = ""
    requires: tuple[str, ...] = ()
    size_bytes: Count = 0
    origin: str = ""
    is_editable: bool = False
    groups: tuple[Short, ...] = ()
    commands: tuple[Short, ...] = ()


class OwnerRow(Message, frozen=True):
    """The owner of a name: the longest part of the name that is a module of a distribution, and the
    distributions with this module. For the standard library, there is no distribution.

    ``moved_to`` is the path in a provider to which Airflow redirects the name. The other fields
    then belong to this path.
    """

    module: str = ""
    distributions: tuple[Short, ...] = ()
    is_standard: bool = False
    moved_to: str = ""


class Installed(Message, frozen=True):
    """All installed distributions of the target interpreter, and the owners of names."""

    distributions: tuple[InstalledRow, ...] = ()
    owners: dict[str, OwnerRow] = msgspec.field(default_factory=dict)
    python: str = ""
