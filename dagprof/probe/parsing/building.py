"""Measures how long the objects of a parse take to build: DAGs, task groups and tasks."""

from __future__ import annotations

import functools
from typing import Any, Callable

from .. import origin
from ..system.clocks import perf_counter_ns


class BuildingClock:
    """Measures how long it takes to make each DAG, task group or task. The time includes the
    objects made inside.

    ``made`` receives every object, also those made inside.
    """

    def __init__(
        self, told: Callable[[int], object], made: Callable[[object], None] = lambda instance: None
    ) -> None:
        self._told = told
        self._made = made
        self._is_running = False

    def watch(self, cls: Any) -> None:
        ordinary = cls.__init__

        @functools.wraps(ordinary)
        def timed(instance: object, *args: object, **kwargs: object) -> None:
            if self._is_running:
                ordinary(instance, *args, **kwargs)
                self._made(instance)
                return
            self._is_running = True
            started = perf_counter_ns()
            try:
                ordinary(instance, *args, **kwargs)
            finally:
                self._is_running = False
                self._told(perf_counter_ns() - started)
            self._made(instance)

        cls.__init__ = origin.as_importlib(timed)
