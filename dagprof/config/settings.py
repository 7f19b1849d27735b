"""The settings in force, as one frozen value: defaults < configuration file < environment <
options.
"""

from __future__ import annotations

import enum
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from dagprof.config import configuration
from dagprof.config.checks import Checks
from dagprof.config.policy import DEFAULT_LEVELS, Override, Policy, Rule, Waiver
from dagprof.errors import UsageError
from dagprof.model import Isolation, Temperature
from dagprof.quantities import (
    parse_duration_ms,
    parse_latency,
    parse_price,
    parse_shard,
    parse_share,
)

# Of any number: what is more would not fit into a Run, or into a system call.
_MOST = 1_000_000_000


class Depth(str, enum.Enum):
    """How much dagprof measures for each file.

    ``quick``: only times parses. ``traced``: times and traces every file, and proves no saving.
    ``normal``: traces the files that load in 20 ms or more, and proves the largest promising
    savings. With only a few files, ``normal`` traces all files. ``full``: traces every file, proves
    every saving from 5 ms on, and parses DAGs with a second hash seed.
    """

    QUICK = "quick"
    TRACED = "traced"
    NORMAL = "normal"
    FULL = "full"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a scan. The names are the names in the configuration file, with dashes or
    underscores.

    ``repeat``: timed parses per file; None for the number that a stable median needs.
    ``lookup_latency``: durations of a look-up, such as ``20ms`` or ``vault=80ms``.
    ``lookup_price``: what a secrets backend charges for 10,000 look-ups, such as ``0.05 USD``.
    ``live_lookups``: whether dagprof asks the user's own backends, to take the time.
    ``time_limit_s``: seconds for one parse; None for Airflow's own limit. ``memory_limit_mib``:
    resident MiB for one parse. ``depth``: the passes over a file; see ``Depth``. ``time_budget``:
    the duration of the whole scan. ``shard``: the part of the files to measure, such as ``3/8``;
    ``shard_by``: the Run whose parse times split the files. ``stacks_from_ms``: the
    parse time from which dagprof samples call stacks; None for never. ``jobs``: parallel parses.
    ``project``: whether dagprof reads the repository's own description of its environment;
    ``plugins``, ``pythonpath``, ``env_file`` and ``airflow_home`` override this description.
    ``source``: whether the HTML report contains the source code of the DAG files. ``against``: the
    revision that the gate compares with. ``gate``, ``overrides``, ``waivers``: the rules and limits
    of the gate. ``check``: the rules of ``dagprof check``. ``config_file``: the path of the
    configuration file, set by ``load``.
    """

    bundle_root: str | None = None
    python: str | None = None
    temperature: Temperature = Temperature.PROCESSOR
    isolation: Isolation = Isolation.LAYERS
    jobs: int | None = None
    repeat: int | None = None
    time_limit_s: float | None = None
    memory_limit_mib: int | None = None
    depth: Depth = Depth.NORMAL
    time_budget: str | None = None
    shard: str | None = None
    shard_by: str | None = None
    stacks_from_ms: float | None = 500.0
    variables: str | None = None
    connections: str | None = None
    missing_variables: Literal["stub", "error"] = "stub"
    lookup_latency: tuple[str, ...] = ()
    lookup_price: str | None = None
    live_lookups: bool = False
    safe_mode: bool | None = None
    project: bool = True
    plugins: str | None = None
    pythonpath: tuple[str, ...] = ()
    env_file: str | None = None
    airflow_home: str | None = None
    output_dir: str = "reports"
    source: Literal["all", "none"] = "all"
    baseline: str | None = None
    fail_on_regression: str | None = None
    regression_floor: str = "50ms"
    fail_on: tuple[str, ...] = ()
    against: str | None = None
    gate: Policy = Policy()
    check: Checks = Checks()
    overrides: tuple[Override, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    config_file: str | None = None

    def __post_init__(self) -> None:
        for name in ("jobs", "repeat", "memory_limit_mib"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"`{name}` must be at least 1")
        if self.time_limit_s is not None and not 0 < self.time_limit_s < math.inf:
            raise ValueError("`time_limit_s` must be greater than 0")
        if self.stacks_from_ms is not None and not 0 <= self.stacks_from_ms < math.inf:
            raise ValueError("`stacks_from_ms` must be at least 0, or `null` to turn off sampling")
        for name in ("jobs", "repeat", "memory_limit_mib", "time_limit_s", "stacks_from_ms"):
            if (getattr(self, name) or 0) > _MOST:
                raise ValueError(f"`{name}` must be at most {_MOST:,}")
        for latency in self.lookup_latency:
            parse_latency(latency)
        parsers: tuple[tuple[str | None, Callable[[str], object]], ...] = (
            (self.shard, parse_shard),
            (self.lookup_price, parse_price),
            (self.time_budget, parse_duration_ms),
            (self.fail_on_regression, parse_share),
            (self.regression_floor, parse_duration_ms),
        )
        for text, parse in parsers:
            if text is not None:
                parse(text)
        if self.temperature is Temperature.COLD and self.isolation is not Isolation.SPAWN:
            raise ValueError(
                "temperature `cold` needs a new interpreter for each parse; use isolation `spawn`"
            )


class Explained(msgspec.Struct, frozen=True):
    """One value in force: its key as the file writes it, and its source."""

    key: str
    value: Any
    source: str


def load(options: Mapping[str, object], *, environment: Mapping[str, str], start: Path) -> Settings:
    """The settings in force: the configuration file nearest to ``start``, then the environment,
    then ``options``.

    :raises UsageError: an unknown key or an impossible value; the message names its source.
    """
    return _in_force(*_entries(options, environment, start))


def explained(
    options: Mapping[str, object], *, environment: Mapping[str, str], start: Path
) -> tuple[Settings, tuple[Explained, ...]]:
    """The same settings, and the value and source of every key, in the order of ``Settings``.

    Keys of nested tables are written with dots. Each rule has a key, such as ``gate.rules.slower``.

    :raises UsageError: as ``load``.
    """
    file, entries = _entries(options, environment, start)
    settings = _in_force(file, entries)
    return settings, tuple(
        Explained(
            key.replace("_", "-"), value, entries[key].source if key in entries else "default"
        )
        for key, value in _flat(settings)
    )


def leading_folders(settings: Settings, root: Path) -> str:
    """The bundle root relative to the configuration file, with which patterns in that file may
    begin; empty if the bundle root is not below that file's folder.
    """
    if settings.config_file is None:
        return ""
    folder = Path(os.path.abspath(settings.config_file)).parent
    absolute = Path(os.path.abspath(root))
    return absolute.relative_to(folder).as_posix() if folder in absolute.parents else ""


def _entries(
    options: Mapping[str, object], environment: Mapping[str, str], start: Path
) -> tuple[Path | None, configuration.Entries]:
    file, entries = configuration.read_file(start, Settings)
    entries |= configuration.read_environment(environment, Settings)
    entries |= configuration.read_options(options, Settings)
    temperature = entries.get("temperature")
    if temperature is not None and temperature.value is Temperature.COLD:
        entries.setdefault("isolation", configuration.Entry(Isolation.SPAWN, "temperature cold"))
    return file, entries


def _in_force(file: Path | None, entries: configuration.Entries) -> Settings:
    top: dict[str, Any] = {}
    gate: dict[str, Any] = {}
    check: dict[str, Any] = {}
    rules: dict[Rule, Any] = {}
    for key, entry in entries.items():
        table, _, rest = key.partition(".")
        if not rest:
            top[table] = entry.value
        elif table == "check":
            check[rest] = entry.value
        elif rest.startswith("rules."):
            rules[Rule(rest.removeprefix("rules."))] = entry.value
        else:
            gate[rest] = entry.value
    try:
        policy = Policy(**gate, rules=rules)
        where = None if file is None else str(file)
        return Settings(**top, gate=policy, check=Checks(**check), config_file=where)
    except ValueError as error:
        raise UsageError(f"Invalid settings: {error}.") from error


def _flat(settings: Settings) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name in Settings.__struct_fields__:
        if name == "gate":
            gate = settings.gate
            found += [
                (f"gate.{each}", getattr(gate, each))
                for each in gate.__struct_fields__
                if each != "rules"
            ]
            found += [
                (f"gate.rules.{rule.value}", gate.rules.get(rule, DEFAULT_LEVELS[rule]))
                for rule in Rule
            ]
        elif name == "check":
            check = settings.check
            found += [(f"check.{each}", getattr(check, each)) for each in check.__struct_fields__]
        elif name != "config_file":
            found.append((name, getattr(settings, name)))
    return found


def default_jobs() -> int:
    """Default number of parallel parses: one per two logical cores, but at least two if the machine
    has two cores.
    """
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return max(1, min(2, cores), cores // 2)
