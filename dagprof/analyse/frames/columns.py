"""The columns and types of each table, in order. Text columns have the type ``object`` in every
pandas version.
"""

from __future__ import annotations

from dagprof.model import Samples

_TEXT, _WHOLE, _REAL, _FLAG = "object", "int64", "float64", "bool"

FILES = {
    "path": _TEXT,
    "status": _TEXT,
    "dags": _WHOLE,
    "tasks": _WHOLE,
    "parse_ms": _REAL,
    "spread_ms": _REAL,
    "samples": _WHOLE,
    "cpu_ms": _REAL,
    "children_cpu_ms": _REAL,
    "queued_ms": _REAL,
    "waiting_ms": _REAL,
    "airflow_ms": _REAL,
    "load_ms": _REAL,
    "imports_ms": _REAL,
    "gc_ms": _REAL,
    "top_level_ms": _REAL,
    "bag_ms": _REAL,
    "serialise_ms": _REAL,
    "exit_ms": _REAL,
    "modules": _WHOLE,
    "rss_growth_kib": _REAL,
    "import_timeout_share": _REAL,
    "composed_ms": _REAL,
}
SAMPLES = {
    "path": _TEXT,
    "sample": _WHOLE,
    **{name: _WHOLE if name.endswith("_kib") else _REAL for name in Samples.__struct_fields__},
}
IMPORTS = {
    "name": _TEXT,
    "origin": _TEXT,
    "files": _WHOLE,
    "self_ms": _REAL,
    "cumulative_ms": _REAL,
    "largest_ms": _REAL,
}
LOADS = {
    "path": _TEXT,
    "module": _TEXT,
    "package": _TEXT,
    "distribution": _TEXT,
    "version": _TEXT,
    "origin": _TEXT,
    "self_ms": _REAL,
    "cumulative_ms": _REAL,
    "depth": _WHOLE,
    "importer": _TEXT,
    "importer_file": _TEXT,
    "line": _WHOLE,
}
EDGES = {
    "importer": _TEXT,
    "importer_file": _TEXT,
    "line": _WHOLE,
    "module": _TEXT,
    "package": _TEXT,
    "distribution": _TEXT,
    "in_function": _FLAG,
    "conditional": _FLAG,
}
STATEMENTS = {
    "path": _TEXT,
    "member": _TEXT,
    "line": _WHOLE,
    "end_line": _WHOLE,
    "kind": _TEXT,
    "text": _TEXT,
    "depth": _WHOLE,
    "wall_ms": _REAL,
    "self_ms": _REAL,
    "imports_ms": _REAL,
    "building_ms": _REAL,
    "gc_ms": _REAL,
    "cpu_ms": _REAL,
    "waiting_ms": _REAL,
    "count": _WHOLE,
    "is_partial": _FLAG,
}
OWNERS = {
    "path": _TEXT,
    "kind": _TEXT,
    "file": _TEXT,
    "line": _WHOLE,
    "what": _TEXT,
    "ms": _REAL,
}
ACCESSES = {
    "path": _TEXT,
    "kind": _TEXT,
    "key": _TEXT,
    "operation": _TEXT,
    "answered_by": _TEXT,
    "file": _TEXT,
    "line": _WHOLE,
    "count": _WHOLE,
}
EFFECTS = {
    "path": _TEXT,
    "kind": _TEXT,
    "what": _TEXT,
    "file": _TEXT,
    "line": _WHOLE,
    "count": _WHOLE,
    "wall_ms": _REAL,
    "size_bytes": _WHOLE,
    "threads": _WHOLE,
}
INSTABILITIES = {
    "path": _TEXT,
    "dag_id": _TEXT,
    "field": _TEXT,
    "first": _TEXT,
    "second": _TEXT,
    "by_seed": _FLAG,
    "condition": _TEXT,
}
EXPERIMENTS = {
    "path": _TEXT,
    "without": _TEXT,
    "need": _TEXT,
    "reason": _TEXT,
    "is_proof": _FLAG,
    "proved_ms": _REAL,
    "spread_ms": _REAL,
    "rounds": _WHOLE,
    "memory_kib": _REAL,
    "cautions": _TEXT,
}
CHANGES = {
    "file": _TEXT,
    "line": _WHOLE,
    "loads": _TEXT,
    "saving_ms": _REAL,
    "proved_ms": _REAL,
    "evidence": _TEXT,
    "files": _WHOLE,
    "modules": _WHOLE,
    "memory_kib": _WHOLE,
    "reason": _TEXT,
}
SAVINGS = {"name": _TEXT, "files": _WHOLE, "alone_ms": _REAL, "largest_ms": _REAL}
PLAN = {
    "step": _WHOLE,
    "places": _TEXT,
    "adds_ms": _REAL,
    "proved_ms": _REAL,
    "total_ms": _REAL,
    "files": _WHOLE,
    "evidence": _TEXT,
}
FAILURES = {
    "path": _TEXT,
    "status": _TEXT,
    "type": _TEXT,
    "message": _TEXT,
    "cause": _TEXT,
    "file": _TEXT,
    "line": _WHOLE,
}
