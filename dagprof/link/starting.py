"""Prepares the start of a probe: its configuration, and the environment variables from files of
answers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from dagprof.config.settings import Settings
from dagprof.link import lookups
from dagprof.link.messages.zygote import ProbeConfig
from dagprof.link.target import Target
from dagprof.model import Isolation


def _cache_folder(environment: Mapping[str, str]) -> str | None:
    """The folder that keeps the empty metadata database of each Airflow between scans. None if
    there is no home folder.
    """
    base = environment.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "dagprof") if os.path.isabs(base) else None


def zygote_config(target: Target, settings: Settings) -> ProbeConfig:
    """The configuration that the probe is started with."""
    found = target.project
    variables = {
        **(found.variables if found else {}),
        **lookups.read(settings.variables, "variables"),
    }
    connections = {
        **(found.connections if found else {}),
        **lookups.read(settings.connections, "connections"),
    }
    return {
        "scratch": str(target.scratch),
        "cache": _cache_folder(target.environment),
        "removes_scratch": True,
        "renews_scratch": False,
        "root": str(target.root),
        "temperature": settings.temperature.value,
        "spawns": settings.isolation is Isolation.SPAWN,
        "variables": variables,
        "connections": connections,
        "missing": settings.missing_variables,
        "safe_mode": settings.safe_mode,
    }


def with_answers(target: Target, settings: Settings) -> Target:
    """The target, plus the environment variables from files of answers. Variables that are set
    already keep their values.
    """
    filled_in = lookups.environment(settings.variables, settings.connections)
    return (
        msgspec.structs.replace(target, environment={**filled_in, **target.environment})
        if filled_in
        else target
    )
