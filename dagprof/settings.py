"""What was asked for: defaults < ``[tool.dagprof]`` in pyproject.toml < environment < flags, as one frozen value."""

from __future__ import annotations

import difflib
import enum
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from dagprof.errors import UsageError
from dagprof.model import Isolation, Temperature
from dagprof.quantities import parse_duration_ms

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ENVIRONMENT_PREFIX = "DAGPROF_"


class Depth(str, enum.Enum):
    """How much is found out about each file.

    ``quick``: timed parses only. ``normal``: the files that load in 20 ms or more (all of a few) are traced, and what
    promises the largest savings is proved. ``full``: every file is traced, every saving from 5 ms on is proved, and DAGs are
    looked at under a second hash seed.
    """

    QUICK = "quick"
    NORMAL = "normal"
    FULL = "full"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a scan is done. The names are those of the configuration file, with dashes or underscores.

    ``repeat``: timed parses per file, None for as many as a stable median needs. ``time_limit_s``: seconds for one parse,
    None for Airflow's own limit. ``memory_limit_mib``: resident MiB for one parse. ``depth``: which passes files get, see
    ``Depth``. ``time_budget``: a duration after which no further pass begins. ``stacks_from_ms``: parse time from which a
    file's call stacks are sampled, None for never. ``jobs``: parses at once.
    """

    bundle_root: str | None = None
    python: str | None = None
    temperature: Temperature = Temperature.PROCESSOR
    isolation: Isolation = Isolation.FORK
    jobs: int | None = None
    repeat: int | None = None
    time_limit_s: float | None = None
    memory_limit_mib: int | None = None
    depth: Depth = Depth.NORMAL
    time_budget: str | None = None
    stacks_from_ms: float | None = 500.0
    variables: str | None = None
    connections: str | None = None
    missing_variables: Literal["stub", "error"] = "stub"
    safe_mode: bool | None = None
    output_dir: str = "reports"
    baseline: str | None = None
    fail_on_regression: str | None = None
    regression_floor: str = "20ms"
    fail_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("jobs", "repeat", "time_limit_s", "memory_limit_mib"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"`{name}` must be greater than 0")
        if self.time_budget is not None:
            parse_duration_ms(self.time_budget)
        if self.temperature is Temperature.COLD and self.isolation is Isolation.FORK:
            raise ValueError("the cold temperature needs a new interpreter per parse: use isolation `spawn`")


def load(overrides: Mapping[str, Any], *, environment: Mapping[str, str], start: Path) -> Settings:
    """Settings in force: file (the nearest pyproject.toml at or above ``start``), then environment, then ``overrides``.

    :raises UsageError: an unknown key or an impossible value; the message says where it stands.
    """
    values: dict[str, Any] = {}
    for source, found in (
        _from_file(start),
        ("the environment", _from_environment(environment)),
        ("the options", {key: value for key, value in overrides.items() if value is not None}),
    ):
        values.update(_checked(found, source))
    if values.get("temperature") in ("cold", Temperature.COLD):
        values.setdefault("isolation", "spawn")
    return _convert(values, "the settings in force")


def _from_file(start: Path) -> tuple[str, dict[str, Any]]:
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if not file.is_file():
            continue
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise UsageError(f"{file} cannot be read ({error}); correct it or run dagprof elsewhere.") from error
        table = document.get("tool", {}).get("dagprof", {})
        return f"[tool.dagprof] in {file}", {key.replace("-", "_"): value for key, value in table.items()}
    return "pyproject.toml", {}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        text = environment.get(ENVIRONMENT_PREFIX + field.name.upper())
        if text is not None:
            found[field.name] = tuple(text.split(",")) if field.name == "fail_on" else text
    return found


def _checked(values: dict[str, Any], source: str) -> dict[str, Any]:
    known = [field.name for field in msgspec.structs.fields(Settings)]
    for key in values:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean `{nearest[0]}`?" if nearest else f"; known keys are {', '.join(known)}."
            raise UsageError(f"Unknown key `{key}` in {source}{hint}")
    _convert(
        values | ({"isolation": "spawn"} if values.get("temperature") in ("cold", Temperature.COLD) else {}), source
    )
    return values


def _convert(values: dict[str, Any], source: str) -> Settings:
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"Bad value in {source}: {error}.") from error


def default_jobs() -> int:
    """Parses at once when nothing is said: one per two logical cores, two at least where there are two."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(2, cores), cores // 2)
