"""Finds calls whose result differs from moment to moment, or from call to call."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from dagprof.practices.source.module import Module

_CLOCK = frozenset(
    (
        *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"),
        *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
        *("datetime.date.today", "pendulum.now", "pendulum.today", "pendulum.yesterday"),
        *("pendulum.tomorrow", "pendulum.DateTime.now", "pendulum.DateTime.utcnow"),
        *("airflow.utils.dates.days_ago", "airflow.utils.timezone.utcnow", "time.time"),
        *("airflow.sdk.timezone.utcnow", "time.time_ns", "time.strftime", "time.localtime"),
        *("arrow.now", "arrow.utcnow", "pandas.Timestamp.now", "pandas.Timestamp.today"),
    )
)
_RANDOM = ("random.", "uuid.uuid1", "uuid.uuid4", "secrets.token", "numpy.random.")


def reads_clock(module: Module, value: ast.AST) -> str:
    """The name of the first call that reads the clock in an expression; empty if there is none."""
    return next(_named(module, value, _is_clock), "")


def reads_clock_or_chance(module: Module, value: ast.AST) -> str:
    """The name of the first call in an expression that reads the clock or a random value."""
    return next(_named(module, value, lambda name: _is_clock(name) or name.startswith(_RANDOM)), "")


def _is_clock(name: str) -> bool:
    return name in _CLOCK


def _named(module: Module, value: ast.AST, is_wanted: Callable[[str], bool]) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.Call):
            name = module.dotted(node.func)
            if is_wanted(name):
                yield name
