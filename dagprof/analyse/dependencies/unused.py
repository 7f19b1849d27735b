"""The installed distributions that no DAG file imports, and that nothing else needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from dagprof.analyse.dependencies.closure import Graph, normalised
from dagprof.analyse.dependencies.values import Dependencies, Kind, Unused
from dagprof.link.messages.installed import InstalledRow

_PROVIDER = "apache-airflow-providers-"
# What builds and checks an environment.
TOOLS = ("pip", "setuptools", "wheel", "uv", "dagprof")
_GROUPS = (
    ("airflow.plugins", "Airflow plugin"),
    ("airflow.policy", "Airflow policies"),
    ("apache_airflow_provider", "connections, configuration"),
)
_DRIVER = "driver of the metadata database"
_BY_CONFIGURATION = {
    "aiosqlite": _DRIVER,
    "asyncpg": _DRIVER,
    "mysqlclient": _DRIVER,
    "psycopg2": _DRIVER,
    "psycopg2-binary": _DRIVER,
    "pymysql": _DRIVER,
    "sentry-sdk": "Airflow error reports",
    "statsd": "Airflow metrics",
}


def unused(
    result: Dependencies,
    rows: Mapping[str, InstalledRow],
    graph: Graph,
    needed: Iterable[str],
    commands: Mapping[str, str],
) -> Dependencies:
    """The result with the unused distributions. ``needed`` are the distributions that DAG files
    import or load. ``commands`` are the commands of distributions that occur in the DAG files, each
    with its place.
    """
    kept = graph.closure((name, ()) for name in ("apache-airflow", *TOOLS, *needed))
    left = {name for name in rows if name not in kept}
    required = {other for name in left for other in graph.closure([(name, ())]) - {name}}
    tops = sorted(left - required) or sorted(left)
    found = [_row(rows, graph, name, tops, left, commands) for name in tops]
    changed: Dependencies = msgspec.structs.replace(
        result,
        unused=tuple(sorted(found, key=lambda each: (-each.with_bytes, each.name))),
        unused_bytes=sum(rows[name].size_bytes for name in left),
        unused_count=len(left),
    )
    return changed


def _row(
    rows: Mapping[str, InstalledRow],
    graph: Graph,
    name: str,
    tops: list[str],
    left: set[str],
    commands: Mapping[str, str],
) -> Unused:
    row = rows[name]
    others = graph.closure((other, ()) for other in tops if other != name)
    only = (graph.closure([(name, ())]) & left) - others
    is_provider = normalised(row.name).startswith(_PROVIDER)
    return Unused(
        name=row.name,
        version=row.version,
        kind=Kind.PROVIDER if is_provider else Kind.PACKAGE,
        size_bytes=row.size_bytes,
        with_bytes=sum(rows[each].size_bytes for each in only),
        others=max(0, len(only) - 1),
        use=_use(row, commands),
    )


def _use(row: InstalledRow, commands: Mapping[str, str]) -> str:
    """How Airflow or a DAG file may use a distribution without an import."""
    for command in row.commands:
        if command in commands:
            return f"the command {command!r} occurs in {commands[command]}"
    known = _BY_CONFIGURATION.get(normalised(row.name), "")
    return next((text for group, text in _GROUPS if group in row.groups), known)
