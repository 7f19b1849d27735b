"""Hand-written Runs for tests of reports and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dagprof.model import (
    SCHEMA_VERSION,
    Access,
    Environment,
    FileResult,
    Loads,
    Module,
    Origin,
    Reference,
    Run,
    Samples,
    Statement,
    Status,
    Trace,
)


def environment(**changes: Any) -> Environment:
    values: dict[str, Any] = {
        "python_version": "3.12.1",
        "python_executable": "/venv/bin/python",
        "airflow_version": "3.3.2",
        "platform": "Linux",
        "cpu_model": "a processor",
        "cpu_count": 2,
        "machine": "m1",
        "airflow_config": {"dagbag_import_timeout": "30.0", "parsing_processes": "2"},
        "distributions": {"pandas": "2.2.3"},
    }
    return Environment(**{**values, **changes})


def access(key: str = "k", **changes: Any) -> Access:
    """A look-up of a Variable at line 3 of a.py, to which dagprof gives a placeholder."""
    values: dict[str, Any] = {
        "kind": "variable",
        "key": key,
        "operation": "get",
        "answered_by": "stub",
        "file": "/dags/a.py",
        "line": 3,
    }
    return Access(**{**values, **changes})


def samples(*wall_ms: float, load: float = 0.8, serialise: float = 0.1) -> Samples:
    """Samples whose stages are fixed shares of the wall time."""
    return Samples(
        wall_ms=wall_ms,
        cpu_ms=tuple(0.9 * ms for ms in wall_ms),
        children_cpu_ms=tuple(0.0 for _ in wall_ms),
        queued_ms=tuple(0.0 for _ in wall_ms),
        airflow_ms=tuple(0.0 for _ in wall_ms),
        load_ms=tuple(load * ms for ms in wall_ms),
        bag_ms=tuple((1 - load - serialise) * ms for ms in wall_ms),
        serialise_ms=tuple(serialise * ms for ms in wall_ms),
        dagbag_ms=wall_ms,
        overhead_ms=tuple(5.0 for _ in wall_ms),
        rss_growth_kib=tuple(1024 for _ in wall_ms),
    )


def loads(*rows: tuple[int, int, int, int, int, int]) -> Loads:
    """Rows of module, parent, own µs, cumulative µs, importer, line."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    return Loads(
        module=columns[0],
        parent=columns[1],
        self_us=columns[2],
        cumulative_us=columns[3],
        importer=columns[4],
        line=columns[5],
        caller_line=(0,) * len(rows),
        imports=(0,) * len(rows),
    )


def trace(
    wall_ms: float = 100.0,
    loaded: Loads | None = None,
    statements: Sequence[Statement] = (),
    **changes: Any,
) -> Trace:
    values: dict[str, Any] = {
        "wall_ms": wall_ms,
        "gc_ms": 2.0,
        "compile_ms": 0.0,
        "loads": loaded or Loads(),
        "statements": tuple(statements),
    }
    return Trace(**{**values, **changes})


def statement(
    line: int, wall_us: int, cpu_us: int = 0, parent: int = -1, **changes: Any
) -> Statement:
    values: dict[str, Any] = {
        "parent": parent,
        "line": line,
        "end_line": line,
        "kind": "expr",
        "text": f"statement({line})",
        "wall_us": wall_us,
        "cpu_us": cpu_us,
        "count": 1,
    }
    return Statement(**{**values, **changes})


def file(path: str, *wall_ms: float, **changes: Any) -> FileResult:
    values: dict[str, Any] = {
        "path": path,
        "status": Status.OK,
        "samples": samples(*wall_ms),
        "dag_ids": () if changes.get("status", Status.OK).is_failure else ("d",),
        "task_count": 2,
    }
    return FileResult(**{**values, **changes})


# pandas loads numpy; common.frames is the user's and loads pandas.
MODULES = (
    Module(name="common.frames", file="/dags/common/frames.py", origin=Origin.USER),
    Module(
        name="pandas",
        file="/site/pandas/__init__.py",
        origin=Origin.DISTRIBUTION,
        distribution="pandas",
    ),
    Module(
        name="pandas.core",
        file="/site/pandas/core.py",
        origin=Origin.DISTRIBUTION,
        distribution="pandas",
    ),
    Module(
        name="numpy",
        file="/site/numpy/__init__.py",
        origin=Origin.DISTRIBUTION,
        distribution="numpy",
    ),
    Module(name="json", file="/lib/json/__init__.py", origin=Origin.STDLIB),
)
HELPED = loads(
    (0, -1, 1_000, 81_000, -1, 4),
    (1, 0, 20_000, 80_000, 0, 1),
    (3, 1, 30_000, 30_000, 1, 7),
    (2, 1, 30_000, 30_000, 1, 9),
    (4, -1, 500, 500, -1, 5),
)


def reference(ms: float = 100, version: int = 1) -> Reference:
    """Parses of the reference with slightly different times."""
    return Reference(
        version=version, samples=samples(*(ms * (1 + 0.001 * n) for n in range(-4, 5)))
    )


def run(*files: FileResult, **changes: Any) -> Run:
    values: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "dagprof_version": "0.1.0",
        "created_at": "2026-01-01T00:00:00+00:00",
        "root": "/dags",
        "wall_s": 4.0,
        "environment": environment(),
        "settings": {"temperature": "processor", "isolation": "fork", "jobs": 2},
        "files": files,
        "modules": MODULES,
        "import_sets": ((),),
    }
    return Run(**{**values, **changes})
