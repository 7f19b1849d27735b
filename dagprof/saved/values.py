"""The values that ``dagprof watch`` shows. With ``--json``, each event is one line of JSON, and the
name of its class in lower case is in the field ``event``.
"""

from __future__ import annotations

import enum

import msgspec

from dagprof.model import Place, Status
from dagprof.model.base import Count, Frozen, Ms, SignedMs


class Kind(str, enum.Enum):
    """What happened to the parse time."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "no change"
    UNSURE = "unsure"
    FIRST = "first parse"
    UNTIMED = "no parse time"


class Time(Frozen, frozen=True):
    """The parse time before and after a save in ms, without waiting for a CPU that other processes
    used. A difference of up to ``noise_ms`` is not distinguishable from noise.
    """

    kind: Kind
    now_ms: Ms | None = None
    before_ms: Ms | None = None
    difference_ms: SignedMs | None = None
    noise_ms: Ms | None = None
    parses: Count = 0


class Loading(Frozen, frozen=True):
    """A package, or a module of the user's code, that only one of two parses loads. ``ms`` is the
    time of its own code and of its submodules, and ``place`` the user's line that leads to it.
    """

    name: str
    ms: Ms
    place: Place
    modules: Count


class Doing(Frozen, frozen=True):
    """A look-up or an effect that only the later parse has. ``ms`` is None if dagprof does not know
    the time.
    """

    what: str
    place: Place
    ms: Ms | None = None


class Problem(Frozen, frozen=True):
    """Why a file produces no DAGs. ``place`` is a line that a person can change; line 0 if there is
    none.
    """

    text: str
    place: Place


class Difference(Frozen, frozen=True):
    """What a parse does that the earlier parse of the file did not. ``cause`` is the reason for a
    change of the parse time, as a sentence without its full stop.
    """

    cause: str = ""
    loads: tuple[Loading, ...] = ()
    no_longer_loads: tuple[Loading, ...] = ()
    does: tuple[Doing, ...] = ()
    no_longer_does: tuple[Doing, ...] = ()


class Event(Frozen, frozen=True, tag_field="event", tag=str.lower, omit_defaults=False):
    """One line of ``--json``."""


class Parsed(Event, frozen=True):
    """A file was parsed because ``saved`` was saved. ``saved`` has several files if they were saved
    together. ``before`` is the earlier path of a renamed file.
    """

    path: str
    saved: tuple[str, ...]
    status: Status
    time: Time
    dags: Count
    dags_before: Count | None = None
    is_fixed: bool = False
    problems: tuple[Problem, ...] = ()
    before: str = ""


class Explained(Event, frozen=True):
    """Why the parse of the last event ``parsed`` for this file took its time."""

    path: str
    difference: Difference


class Gone(Event, frozen=True):
    """Airflow no longer parses a file. ``is_deleted``: it does not exist any more."""

    path: str
    is_deleted: bool


class Listed(Frozen, frozen=True):
    """One file of the first pass. ``ms`` is None if the file has no parse time."""

    path: str
    status: Status
    ms: Ms | None
    problems: tuple[Problem, ...] = ()


class Started(Event, frozen=True):
    """All files were parsed once. The slowest comes first."""

    files: tuple[Listed, ...]
    airflow_version: str


class Note(Event, frozen=True):
    """A sentence for people."""

    text: str


def to_json(event: Event) -> str:
    """One line of JSON."""
    return msgspec.json.encode(event).decode("utf-8")
