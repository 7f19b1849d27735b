"""A probe's masking for tests, with one secret in its environment."""

from __future__ import annotations

from typing import Any

from planted import planted

from dagprof.link.masking import Masking
from dagprof.link.messages.zygote import ProbeConfig

SECRET = planted("<alnum 20>", 1).text
CONFIG: ProbeConfig = {
    "scratch": "",
    "cache": None,
    "removes_scratch": False,
    "renews_scratch": False,
    "root": "",
    "temperature": "",
    "spawns": False,
    "variables": {},
    "connections": {},
    "missing": "",
    "safe_mode": None,
}


def masking(environment: dict[str, str] | None = None, **config: Any) -> Masking:
    given = {"SOME_TOKEN": SECRET} if environment is None else environment
    return Masking(given, {**CONFIG, **config})  # type: ignore[typeddict-item]
