"""A ready-made Airflow DAG that scans DAG files on the executor of the deployment. Each task scans
one shard, and a last task merges the shards into one run and one report::

    from dagprof.airflow import scan_dag

    dag = scan_dag(paths=["/opt/airflow/dags"], reports="/opt/airflow/dagprof", shards=8)

This module is imported each time Airflow parses the DAG file. It imports nothing but Airflow's own
DAG classes; everything else is imported by the tasks.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagprof.airflow.executors import executor_settings
from dagprof.airflow.request import ShardedScan

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow.decorators import task
    from airflow.models.dag import DAG

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["scan_dag"]


def scan_dag(  # noqa: PLR0913 - each is one choice of the user
    dag_id: str = "dagprof_scan",
    *,
    paths: Sequence[str | Path],
    reports: str | Path,
    shards: int = 4,
    options: Sequence[str] = (),
    partial: bool = False,
    schedule: Any = None,
    executor: str | None = None,
    image: str | None = None,
    cpus: float | None = None,
    memory_mib: int | None = None,
    task_options: Mapping[str, Any] | None = None,
    **dag_options: Any,
) -> DAG:
    """Return a DAG with one mapped task ``scan`` for each shard and a task ``merge``.

    ``paths`` are the files and folders to scan, as the workers see them. ``reports`` is a folder
    that all workers share, or the URL of an object storage such as ``s3://aws_default@bucket/path``
    (Airflow 2.8 and later). ``reports/latest`` holds run.json and report.html of the last complete
    scan; the next scan splits the files by the parse times of this run.

    ``options`` are further options of ``dagprof scan``, such as ``["--depth", "traced"]``. With
    ``partial``, ``merge`` also merges the other shards if a shard fails.

    ``executor`` is the executor of the tasks, if the deployment has several (Airflow 2.10 and
    later). ``image``, ``cpus`` and ``memory_mib`` are the container image, the processor cores and
    the memory in MiB of each task; KubernetesExecutor accepts all three, AwsEcsExecutor and
    AwsBatchExecutor accept ``cpus`` and ``memory_mib``. ``task_options`` are further arguments of
    both tasks, such as ``pool``, ``queue`` or ``retries``, and ``dag_options`` are further
    arguments of the DAG.

    :raises ValueError: an argument is invalid, or the executor does not accept it.
    """
    request = ShardedScan(
        paths=tuple(os.fspath(path) for path in paths),
        reports=os.fspath(reports),
        shards=shards,
        options=tuple(options),
        partial=partial,
    )
    request.check()
    settings = executor_settings(executor, image=image, cpus=cpus, memory_mib=memory_mib)
    of_tasks = {**settings, **(task_options or {})}
    of_dag = {
        "schedule": schedule,
        "start_date": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
        "catchup": False,
        "max_active_runs": 1,
        "tags": ["dagprof"],
        **dag_options,
    }
    return _built(dag_id, request, of_dag, of_tasks)


def _built(
    dag_id: str, request: ShardedScan, of_dag: Mapping[str, Any], of_tasks: Mapping[str, Any]
) -> DAG:
    @task(task_id="scan", **of_tasks)  # type: ignore[untyped-decorator]
    def scan(number: int, run_id: str | None = None) -> str:
        from dagprof.airflow import tasks

        return tasks.scan_shard(request, number, run_id or "")

    rule = "all_done" if request.partial else "all_success"

    @task(task_id="merge", **{"trigger_rule": rule, **of_tasks})  # type: ignore[untyped-decorator]
    def merge(run_id: str | None = None) -> dict[str, str]:
        from dagprof.airflow import tasks

        return tasks.merge_shards(request, run_id or "")

    with DAG(dag_id, **of_dag) as dag:
        scan.expand(number=list(range(1, request.shards + 1))) >> merge()
    return dag
