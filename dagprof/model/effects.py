"""The kinds of effects that a parse can have, one row each: what they are called, belong to, and
mean to gate and reports.

A new kind is one watcher in ``dagprof/probe/watch/`` and one row here. A row of a new group with a
rule of its own also needs that rule in ``dagprof.config.policy``.
"""

from __future__ import annotations

from typing import NamedTuple


class EffectGroup(NamedTuple):
    """Kinds that mean the same to people.

    ``rule`` is the value of the ``Rule`` by which the gate finds new ones, empty for none; ``does``
    and ``advice`` are what it says then: ``a.py queries a database while it is parsed; query it in
    a task``.
    """

    name: str
    rule: str = ""
    does: str = ""
    advice: str = ""


class Verbs(NamedTuple):
    """To do it, does it, and did it."""

    infinitive: str
    present: str
    past: str


class EffectKind(NamedTuple):
    """One kind. ``name`` stands in Runs. ``verbs`` are there if its time can explain why a file
    became slower.

    ``belongs_in_task``: it is work, and a report of what is better done in a task names it.
    ``has_object``: what it is done to goes on the verb (``reads x.txt``).
    """

    name: str
    group: EffectGroup
    verbs: Verbs | None = None
    belongs_in_task: bool = False
    has_object: bool = True


DATABASE = EffectGroup("database", "new-database", "queries a database", "query it in a task")
NETWORK = EffectGroup("network", "new-network", "uses the network", "use it in a task")
PROGRAM = EffectGroup("program", "new-process", "starts a program", "start it in a task")
WAITING = EffectGroup("waiting")
FILES = EffectGroup("files")
CODE = EffectGroup("code")
STATE = EffectGroup("state")
OUTPUT = EffectGroup("output")
OTHER = EffectGroup("other")

EFFECT_KINDS = (
    EffectKind(
        "database",
        DATABASE,
        Verbs("query the database", "queries the database", "queried the database"),
        belongs_in_task=True,
    ),
    EffectKind(
        "metadata-database",
        DATABASE,
        Verbs(
            "query Airflow's database", "queries Airflow's database", "queried Airflow's database"
        ),
        belongs_in_task=True,
    ),
    EffectKind("dns", NETWORK, Verbs("look up", "looks up", "looked up"), belongs_in_task=True),
    EffectKind(
        "socket", NETWORK, Verbs("connect to", "connects to", "connected to"), belongs_in_task=True
    ),
    EffectKind("http", NETWORK, Verbs("ask", "asks", "asked"), belongs_in_task=True),
    EffectKind("process", PROGRAM, Verbs("run", "runs", "ran"), belongs_in_task=True),
    EffectKind(
        "sleep", WAITING, Verbs("sleep", "sleeps", "slept"), belongs_in_task=True, has_object=False
    ),
    EffectKind(
        "exit-handler",
        CODE,
        Verbs("run the exit handler", "runs the exit handler", "ran the exit handler"),
        belongs_in_task=True,
    ),
    EffectKind("exec", CODE),
    EffectKind("file-read", FILES, Verbs("read", "reads", "read")),
    EffectKind("file-write", FILES, Verbs("write", "writes", "wrote")),
    EffectKind("thread", STATE),
    EffectKind("environment", STATE),
    EffectKind("working-directory", STATE),
    EffectKind("sys-path", STATE),
    EffectKind("signal", STATE),
    EffectKind("logger", STATE),
    EffectKind("output", OUTPUT),
    EffectKind("warning", OUTPUT),
)
_BY_NAME = {kind.name: kind for kind in EFFECT_KINDS}


def effect_kind(name: str) -> EffectKind:
    """The row of a kind; for a name that only a newer dagprof knows, one that nothing follows
    from.
    """
    return _BY_NAME.get(name) or EffectKind(name, OTHER)


def kinds_of(group: EffectGroup) -> tuple[str, ...]:
    """The names of the kinds of a group."""
    return tuple(kind.name for kind in EFFECT_KINDS if kind.group is group)


def groups_with_rule() -> tuple[EffectGroup, ...]:
    """The groups that the gate has a rule for, in the order of their kinds."""
    return tuple(dict.fromkeys(kind.group for kind in EFFECT_KINDS if kind.group.rule))
