"""The table of effect kinds, beside what the probe reports, the gate demands and people read."""

from __future__ import annotations

import ast
from pathlib import Path

import dagprof
from dagprof.config.policy import DESCRIPTIONS, Rule
from dagprof.gate import waits
from dagprof.model import EFFECT_KINDS, Effect, effect_kind
from dagprof.model.effects import OTHER, groups_with_rule

WATCHERS = Path(dagprof.__file__).parent / "probe" / "watch"


def reported() -> set[str]:
    """The kinds that stand in the watchers' calls."""
    names = {kind.name for kind in EFFECT_KINDS}
    found: set[str] = set()
    for file in WATCHERS.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value in names
            ):
                found.add(node.value)
    return found


def ledger_calls() -> set[str]:
    """What stands first in each call of the ledger."""
    found: set[str] = set()
    for file in WATCHERS.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
            ):
                continue
            owner, first = node.func.value, node.args[0]
            is_ledger = isinstance(owner, ast.Attribute) and owner.attr == "_ledger"
            if (
                is_ledger
                and node.func.attr in ("note", "add", "timed")
                and isinstance(first, ast.Constant)
            ):
                found.add(str(first.value))
    return found


def test_each_kind_has_one_row_and_a_watcher() -> None:
    names = [kind.name for kind in EFFECT_KINDS]
    assert len(names) == len(set(names))
    assert reported() == set(names)


def test_what_a_watcher_reports_has_a_row() -> None:
    assert ledger_calls() - {kind.name for kind in EFFECT_KINDS} == set()
    assert {"database", "http", "process", "warning"} <= ledger_calls()


def test_each_group_with_a_rule_names_one_that_the_gate_has() -> None:
    rules = [Rule(group.rule) for group in groups_with_rule()]
    assert rules == [Rule.NEW_DATABASE, Rule.NEW_NETWORK, Rule.NEW_PROCESS]
    assert all(rule in DESCRIPTIONS for rule in rules)
    assert all(group.does and group.advice for group in groups_with_rule())


def test_a_kind_that_only_a_newer_dagprof_knows_means_nothing() -> None:
    kind = effect_kind("telepathy")
    assert (kind.name, kind.group, kind.verbs, kind.belongs_in_task) == (
        "telepathy",
        OTHER,
        None,
        False,
    )
    effect = Effect(kind="telepathy", what="x", file="a.py", line=1, wall_us=900_000)
    assert waits.most_grown((), (effect,)) is None
