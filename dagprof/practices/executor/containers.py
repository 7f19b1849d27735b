"""The executors that start a container for each task."""

from __future__ import annotations

from dagprof.practices.subject import Subject

_IN_CONTAINERS = ("KubernetesExecutor", "EcsExecutor", "BatchExecutor")


def container_executor(subject: Subject) -> str:
    """The first executor of the configuration if it starts a container for each task; else
    empty.
    """
    first = subject.run.environment.airflow_config.get("executor", "").partition(",")[0]
    return next((name for name in _IN_CONTAINERS if first.strip().endswith(name)), "")
