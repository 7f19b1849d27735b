"""The actions of one DAG file during parsing, and the differences between its parses."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from dagprof.model.base import Count, Frozen, LineNumber, Ms, Occurrences
from dagprof.model.effects import EffectKind, effect_kind


class Output(Frozen, frozen=True):
    """The output of the parse on one stream. The text is redacted and limited in length.
    ``total_bytes`` counts the whole output.
    """

    text: str = ""
    total_bytes: Count = 0

    @property
    def is_cut(self) -> bool:
        """Whether the text contains only a part of the output."""
        return self.total_bytes > len(self.text.encode("utf-8", "replace"))


class Access(Frozen, frozen=True):
    """A Variable or Connection that the file used during parsing, with the user's line that caused
    the access.

    ``kind`` is ``variable``, ``connection`` or ``environment``. ``environment`` is an environment
    variable that is not set; only traced files record this kind. ``answered_by`` is
    ``environment``, ``file``, ``default``, ``stub``, ``missing`` or ``ignored``. ``ignored`` is a
    write, which applies only to this parse.
    """

    kind: str
    key: str
    operation: str
    answered_by: str
    file: str
    line: LineNumber
    count: Occurrences = 1


LOOKUP_KINDS = ("variable", "connection")


class Price(Frozen, frozen=True):
    """The time of one look-up in Airflow's DAG processor, for one kind of look-up: the time of the
    first look-up of a parse, and the time of each further look-up.
    """

    first_ms: Ms
    next_ms: Ms


class PriceSource(str, enum.Enum):
    """The source of the look-up times."""

    MEASURED = "measured"
    GIVEN = "given"
    LIVE = "live"


class LookupPrices(Frozen, frozen=True):
    """The time that Airflow takes to look up a Variable or a Connection. dagprof answers look-ups
    itself, so parse times exclude the time of look-ups.

    ``measured``: dagprof measured Airflow's own code with a local SQLite database. ``given``: the
    user gave the time. ``live``: dagprof asked the user's own backends once for each key.
    """

    source: PriceSource
    variable: Price
    connection: Price

    def of(self, counts: Mapping[str, int]) -> float:
        """The time of all look-ups of one parse in ms. ``counts`` contains the number of look-ups
        of each kind. The first look-up of a parse takes longer than each further look-up.
        """
        used = {kind: number for kind, number in counts.items() if number and kind in LOOKUP_KINDS}
        prices = {kind: self.variable if kind == "variable" else self.connection for kind in used}
        opening = max((price.first_ms - price.next_ms for price in prices.values()), default=0.0)
        return opening + sum(number * prices[kind].next_ms for kind, number in used.items())


class LookupOutcome(str, enum.Enum):
    """The code that can replace the look-up of a Variable during parsing: a Jinja template in a
    field of a task, a look-up in the code of a task, or no code.
    """

    TEMPLATE = "template"
    TASK = "task"
    NEEDED = "needed"


class LookupTrial(Frozen, frozen=True):
    """A parse in which the text of a template answered the look-up of the Variable ``key``.

    ``fields`` are the templated fields that contain the value, as ``task_id.field``. ``reason``
    says why parsing needs the value.
    """

    key: str
    outcome: LookupOutcome
    fields: tuple[str, ...] = ()
    reason: str = ""


class Effect(Frozen, frozen=True):
    """An action of the file during parsing, with the user's line that caused the action. The
    creation of DAGs is not an effect.

    ``kind`` is the name of an ``EffectKind``. ``what`` is the redacted object of the effect: host
    and port, program, path or name. ``wall_us`` is the total time of all ``count`` occurrences, or
    None if the time is unknown. ``size_bytes`` is the size of files. ``failed`` counts the
    occurrences with a known time that ended with an error. ``threads`` is the number of threads
    besides the parsing thread that had the effect. The times of these threads overlap, and
    overlapping time counts only once.
    """

    kind: str
    what: str
    file: str
    line: LineNumber
    count: Occurrences = 1
    wall_us: Count | None = None
    size_bytes: Count = 0
    failed: Count = 0
    threads: Count = 0

    @property
    def about(self) -> EffectKind:
        """The ``EffectKind`` of this effect."""
        return effect_kind(self.kind)


# The field of an ``Instability`` that concerns the DAG as a whole.
EXISTENCE = "the DAG itself"


class Condition(str, enum.Enum):
    """A condition of a parse that dagprof changes to find out whether DAGs depend on it."""

    NONE = ""
    DAY = "day"
    HOST = "host"
    USER = "user"
    TIME_ZONE = "time-zone"
    ENVIRONMENT = "environment"
    RANDOM_SEED = "random-seed"
    HASH_SEED = "hash-seed"
    SEVERAL = "several"

    @property
    def where(self) -> str:
        """The phrase for a parse in which this condition differs, such as ``on another day``."""
        return _WORDS[self][0]

    @property
    def between(self) -> str:
        """The noun for this condition after "differs between", such as ``days``."""
        return _WORDS[self][1]


_WORDS = {
    Condition.NONE: ("in another parse", "parses"),
    Condition.DAY: ("on another day", "days"),
    Condition.HOST: ("on another host", "hosts"),
    Condition.USER: ("as another user", "users"),
    Condition.TIME_ZONE: ("in another time zone", "time zones"),
    Condition.ENVIRONMENT: (
        "with other environment variables",
        "environments with different variables",
    ),
    Condition.RANDOM_SEED: ("with another random seed", "random seeds"),
    Condition.HASH_SEED: (
        "with another hash seed",
        "starts of Python, because the order of sets changes",
    ),
    Condition.SEVERAL: (
        "with another day, host, user or environment",
        "days, hosts, users or environments",
    ),
}


class Instability(Frozen, frozen=True):
    """A field of a serialised DAG that differs between two parses of the same file: the name of the
    field and both values.

    The field ``EXISTENCE`` says that only some parses produced the DAG. The values are then
    ``there`` and ``missing``.

    ``by_seed`` says that the field differs only with another hash seed, like the order of a set.
    Such a field changes with each start of Python, not with each parse. ``condition`` names the
    condition that changes the field, if two parses in a row give equal fields.
    """

    dag_id: str
    field: str
    first: str
    second: str
    by_seed: bool = False
    condition: Condition = Condition.NONE

    @property
    def under(self) -> Condition:
        """The condition that changes the field. ``NONE`` if the field changes in each parse."""
        return Condition.HASH_SEED if self.by_seed else self.condition

    @property
    def is_existence(self) -> bool:
        """Whether the DAG exists only in some parses."""
        return self.field == EXISTENCE
