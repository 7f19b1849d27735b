"""All rules, by code."""

from __future__ import annotations

from dagprof.practices.credentials import in_default_arguments, in_serialised, in_source, in_uri
from dagprof.practices.executor import cold_start, memory, tiny_tasks
from dagprof.practices.idempotency import append_only, changing_values, local_files
from dagprof.practices.image import undeclared, unused
from dagprof.practices.orchestration import (
    business_logic,
    duplicate_dag,
    imported_dag_file,
    many_dags,
    many_tasks,
)
from dagprof.practices.parse import (
    costly_plugin,
    database,
    deprecated_import,
    file_scan,
    heavy_helper,
    lookup,
    near_timeout,
    network,
    program,
    sleep,
    slow_import,
    top_level_call,
)
from dagprof.practices.purpose import extract_and_load, several_effects
from dagprof.practices.rule import Rule
from dagprof.practices.schedule import catchup, moving_start, unbounded_backfill
from dagprof.practices.stability import elsewhere, unstable_dag, unstable_field

_MODULES = (
    *(slow_import, heavy_helper, top_level_call, lookup, network, database, program, sleep),
    *(file_scan, near_timeout, costly_plugin, deprecated_import),
    *(business_logic, many_dags, many_tasks, imported_dag_file, duplicate_dag),
    *(unstable_field, unstable_dag, elsewhere),
    *(catchup, moving_start, unbounded_backfill),
    *(append_only, changing_values, local_files),
    *(extract_and_load, several_effects),
    *(in_source, in_default_arguments, in_serialised, in_uri),
    *(undeclared, unused),
    *(memory, cold_start, tiny_tasks),
)
RULES: dict[str, Rule] = {module.RULE.code: module.RULE for module in _MODULES}
