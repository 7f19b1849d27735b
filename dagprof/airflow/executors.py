"""Sets the image and the resources of a task, in the form that each executor accepts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class _Resources(NamedTuple):
    image: str | None
    cpus: float | None
    memory_mib: int | None


def executor_settings(
    executor: str | None,
    *,
    image: str | None = None,
    cpus: float | None = None,
    memory_mib: int | None = None,
) -> dict[str, Any]:
    """The arguments of a task that select its executor, image, cores and memory.

    ``executor`` is a name as Airflow accepts it: a class name, a module path or an alias. Without
    it, the first executor of the configuration counts.

    :raises ValueError: the executor does not accept one of the values.
    """
    chosen: dict[str, Any] = {} if executor is None else {"executor": executor}
    wanted = _Resources(image, cpus, memory_mib)
    if wanted == _Resources(None, None, None):
        return chosen
    if cpus is not None and cpus <= 0:
        raise ValueError(f"scan_dag: cpus must be greater than 0, not {cpus}.")
    if memory_mib is not None and memory_mib < 1:
        raise ValueError(f"scan_dag: memory_mib must be at least 1, not {memory_mib}.")
    name = _class_name(executor)
    if name not in _CONFIGURATIONS:
        raise ValueError(
            f"{name} runs tasks in its own containers or processes, so scan_dag cannot set the"
            " image, cpus or memory_mib of a task. Remove these arguments."
        )
    return {**chosen, "executor_config": _CONFIGURATIONS[name](wanted)}


def _class_name(executor: str | None) -> str:
    """The class behind a name of an executor: ``celery:airflow.….CeleryExecutor`` is
    ``CeleryExecutor``. An alias of the configuration is resolved.
    """
    from airflow.configuration import conf

    # [core] executor lists names, module paths, and aliases as ALIAS:PATH.
    listed = [entry.strip() for entry in conf.get("core", "executor").split(",") if entry.strip()]
    aliases = {alias: path for alias, separator, path in map(_parted, listed) if separator}
    name = executor or (listed[0] if listed else "LocalExecutor")
    _, _, path = _parted(aliases.get(name, name))
    return path.rpartition(".")[2]


def _parted(entry: str) -> tuple[str, str, str]:
    alias, separator, path = entry.partition(":")
    return (alias, separator, path) if separator else ("", "", entry)


def _kubernetes(wanted: _Resources) -> Mapping[str, Any]:
    from kubernetes.client import models

    amounts = {}
    if wanted.cpus is not None:
        amounts["cpu"] = f"{wanted.cpus:g}"
    if wanted.memory_mib is not None:
        amounts["memory"] = f"{wanted.memory_mib}Mi"
    container = models.V1Container(
        name="base",
        image=wanted.image,
        # Requests equal limits: a core that other pods share would make the times noisy.
        resources=models.V1ResourceRequirements(requests=amounts, limits=dict(amounts))
        if amounts
        else None,
    )
    return {"pod_override": models.V1Pod(spec=models.V1PodSpec(containers=[container]))}


def _ecs(wanted: _Resources) -> Mapping[str, Any]:
    _refuse_image(wanted, "AwsEcsExecutor", "task definition", "taskDefinition")
    overrides = {}
    if wanted.cpus is not None:
        overrides["cpu"] = str(round(wanted.cpus * 1024))  # CPU units
    if wanted.memory_mib is not None:
        overrides["memory"] = str(wanted.memory_mib)
    return {"overrides": overrides}


def _batch(wanted: _Resources) -> Mapping[str, Any]:
    _refuse_image(wanted, "AwsBatchExecutor", "job definition", "jobDefinition")
    needs = []
    if wanted.cpus is not None:
        needs.append({"type": "VCPU", "value": f"{wanted.cpus:g}"})
    if wanted.memory_mib is not None:
        needs.append({"type": "MEMORY", "value": str(wanted.memory_mib)})
    return {"containerOverrides": {"resourceRequirements": needs}}


def _refuse_image(wanted: _Resources, executor: str, source: str, key: str) -> None:
    if wanted.image is not None:
        raise ValueError(
            f"{executor} takes the image of a task from the {source} of the executor. Remove the"
            f" `image` argument, or select another {source} with"
            f' task_options={{"executor_config": {{"{key}": ...}}}}.'
        )


_CONFIGURATIONS: Mapping[str, Callable[[_Resources], Mapping[str, Any]]] = {
    "KubernetesExecutor": _kubernetes,
    "CeleryKubernetesExecutor": _kubernetes,
    "LocalKubernetesExecutor": _kubernetes,
    "AwsEcsExecutor": _ecs,
    "AwsBatchExecutor": _batch,
}
