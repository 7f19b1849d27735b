"""The kinds of effects, one row each: name, group, and the meaning for the gate and the reports.

A new kind needs one watcher in ``dagprof/probe/watch/`` and one row here. A new group with a rule
also needs this rule in ``dagprof.config.policy``.
"""

from __future__ import annotations

from typing import NamedTuple


class EffectGroup(NamedTuple):
    """A group of effect kinds that have the same rule and the same advice.

    ``rule`` is the value of the ``Rule`` that finds new effects of the group. ``rule`` is empty if
    the group has no rule. ``does`` and ``advice`` form the message of the gate: ``a.py queries a
    database during parsing (db). Query the database in a task``.
    """

    name: str
    rule: str = ""
    does: str = ""
    advice: str = ""


class Verbs(NamedTuple):
    """Three forms of one verb: infinitive, present tense and past tense."""

    infinitive: str
    present: str
    past: str


class EffectKind(NamedTuple):
    """One kind of effect. ``name`` is the name in Runs. ``verbs`` is set if the time of the effect
    can explain why a file became slower.

    ``belongs_in_task`` says that reports list the effect among the work to move into tasks.
    ``has_object`` says that the verb has an object (``reads x.txt``).
    """

    name: str
    group: EffectGroup
    verbs: Verbs | None = None
    belongs_in_task: bool = False
    has_object: bool = True


DATABASE = EffectGroup(
    "database", "new-database", "queries a database", "query the database in a task"
)
NETWORK = EffectGroup("network", "new-network", "uses the network", "use the network in a task")
PROGRAM = EffectGroup("program", "new-process", "starts a program", "start the program in a task")
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
    EffectKind(
        "http",
        NETWORK,
        Verbs("send a request to", "sends a request to", "sent a request to"),
        belongs_in_task=True,
    ),
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
    """The row of a kind. A kind from a newer version of dagprof gets a neutral row."""
    return _BY_NAME.get(name) or EffectKind(name, OTHER)


def kinds_of(group: EffectGroup) -> tuple[str, ...]:
    """The names of the kinds in a group."""
    return tuple(kind.name for kind in EFFECT_KINDS if kind.group is group)


def groups_with_rule() -> tuple[EffectGroup, ...]:
    """The groups that have a rule of the gate, in the order of their kinds."""
    return tuple(dict.fromkeys(kind.group for kind in EFFECT_KINDS if kind.group.rule))
