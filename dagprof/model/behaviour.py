"""What one DAG file did while it was parsed, besides building DAGs, and what differed from parse
to parse.
"""

from __future__ import annotations

from dagprof.model.base import Frozen
from dagprof.model.effects import EffectKind, effect_kind


class Output(Frozen, frozen=True):
    """What the parse wrote to one stream, redacted and cut to a limit; ``total_bytes`` counts
    all of it.
    """

    text: str = ""
    total_bytes: int = 0

    @property
    def is_cut(self) -> bool:
        """Whether more was written than is kept here."""
        return self.total_bytes > len(self.text.encode("utf-8", "replace"))


class Access(Frozen, frozen=True):
    """A Variable or Connection that was used while the file was parsed, at the user's line that led
    there.

    ``kind`` is ``variable``, ``connection`` or ``environment`` (a variable of the environment that
    is not set, where the file was traced); ``answered_by`` is ``environment``, ``file``,
    ``default``, ``stub``, ``missing`` or ``ignored`` (a write, which holds for this parse only).
    """

    kind: str
    key: str
    operation: str
    answered_by: str
    file: str
    line: int
    count: int = 1


class Effect(Frozen, frozen=True):
    """Something that the file did while it was parsed, besides building DAGs, at the user's line
    that led there.

    ``kind`` is the name of an ``EffectKind``; ``what`` holds host and port, program, path or name,
    redacted. ``wall_us`` is the time of all ``count`` times together, None where only the fact is
    known; ``size_bytes`` counts what files hold; ``failed`` counts how often it ended with an
    error, of those whose time is known. ``threads`` is how many threads besides the one that parses
    did it; their times overlap, and what overlaps counts once.
    """

    kind: str
    what: str
    file: str
    line: int
    count: int = 1
    wall_us: int | None = None
    size_bytes: int = 0
    failed: int = 0
    threads: int = 0

    @property
    def about(self) -> EffectKind:
        """What is known of its kind."""
        return effect_kind(self.kind)


# The field of an ``Instability`` that is about the DAG as a whole.
EXISTENCE = "the DAG itself"


class Instability(Frozen, frozen=True):
    """A field of a serialised DAG that differed between two parses of the same file: the place, and
    both values.

    The field ``EXISTENCE`` says that not every parse gave the DAG; the values are then ``there``
    and ``missing``.

    ``by_seed`` says that it takes another hash seed to differ, as the order of a set does: it
    changes with each start of Python, not with each parse.
    """

    dag_id: str
    field: str
    first: str
    second: str
    by_seed: bool = False

    @property
    def is_existence(self) -> bool:
        """Whether the DAG is there in some parses only."""
        return self.field == EXISTENCE
