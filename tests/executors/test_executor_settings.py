"""Image and resources of ``scan_dag``, as the executors' own code hands them to the cluster. No
test starts a container.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BODY = """
import json, os
from dagprof.airflow.executors import executor_settings
config = executor_settings(None, **json.loads(os.environ["WANTED"]))["executor_config"]
"""
KUBERNETES = (
    BODY
    + """
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from kubernetes.client import ApiClient, models
base = models.V1Pod(
    metadata=models.V1ObjectMeta(), spec=models.V1PodSpec(containers=[models.V1Container(name="base", image="old")])
)
pod = PodGenerator.reconcile_pods(base, PodGenerator.from_obj(config))
container = ApiClient().sanitize_for_serialization(pod)["spec"]["containers"][0]
print(json.dumps(container))
"""
)
# What an AWS executor sends, checked against the definition of the API.
AWS = (
    BODY
    + """
import botocore.session, botocore.validate
from {module} import {executor}
sent = {executor}().{method}("key", ["airflow"], "default", config)
service = botocore.session.get_session().get_service_model({service!r})
errors = botocore.validate.ParamValidator().validate(sent, service.operation_model({operation!r}).input_shape)
assert not errors.has_errors(), errors.generate_report()
print(json.dumps(sent[{part!r}]))
"""
)
ECS = {
    "module": "airflow.providers.amazon.aws.executors.ecs.ecs_executor",
    "executor": "AwsEcsExecutor",
    "method": "_run_task_kwargs",
    "service": "ecs",
    "operation": "RunTask",
    "part": "overrides",
}
BATCH = {
    "module": "airflow.providers.amazon.aws.executors.batch.batch_executor",
    "executor": "AwsBatchExecutor",
    "method": "_submit_job_kwargs",
    "service": "batch",
    "operation": "SubmitJob",
    "part": "containerOverrides",
}


def run(
    code: str, tmp_path: Path, wanted: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "AIRFLOW_HOME": str(tmp_path),
            "AWS_DEFAULT_REGION": "eu-central-1",
            "WANTED": wanted,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_kubernetes_gets_image_and_resources(tmp_path: Path) -> None:
    done = run(
        KUBERNETES,
        tmp_path,
        '{"image": "registry.example/airflow:1", "cpus": 1.5, "memory_mib": 3000}',
        AIRFLOW__CORE__EXECUTOR="KubernetesExecutor",
    )
    assert done.returncode == 0, done.stderr
    container = json.loads(done.stdout.splitlines()[-1])
    assert container["name"] == "base"
    assert container["image"] == "registry.example/airflow:1"
    amounts = {"cpu": "1.5", "memory": "3000Mi"}
    assert container["resources"] == {"limits": amounts, "requests": amounts}


@pytest.mark.parametrize(
    ("executor", "expected"),
    [
        (
            ECS,
            '"cpu": "1024", "memory": "3000"',
        ),
        (
            BATCH,
            (
                '"resourceRequirements": [{"type": "VCPU", "value": "1"},'
                ' {"type": "MEMORY", "value": "3000"}]'
            ),
        ),
    ],
)
def test_aws_gets_resources_in_a_request_that_its_api_accepts(
    tmp_path: Path, executor: dict[str, str], expected: str
) -> None:
    done = run(
        AWS.format(**executor),
        tmp_path,
        '{"cpus": 1, "memory_mib": 3000}',
        AIRFLOW__CORE__EXECUTOR="{module}.{executor}".format(**executor),
        AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER="c",
        AIRFLOW__AWS_ECS_EXECUTOR__CONTAINER_NAME="airflow",
        AIRFLOW__AWS_ECS_EXECUTOR__TASK_DEFINITION="airflow",
        AIRFLOW__AWS_ECS_EXECUTOR__LAUNCH_TYPE="FARGATE",
        AIRFLOW__AWS_ECS_EXECUTOR__SUBNETS="subnet-1",
        AIRFLOW__AWS_BATCH_EXECUTOR__JOB_NAME="airflow",
        AIRFLOW__AWS_BATCH_EXECUTOR__JOB_QUEUE="queue",
        AIRFLOW__AWS_BATCH_EXECUTOR__JOB_DEFINITION="airflow",
    )
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("executor", "wanted", "sentence"),
    [
        ("LocalExecutor", '{"cpus": 1}', "LocalExecutor runs tasks in its own containers"),
        ("CeleryExecutor", '{"image": "x"}', "CeleryExecutor runs tasks in its own containers"),
        (
            "e:airflow.providers.amazon.aws.executors.ecs.ecs_executor.AwsEcsExecutor",
            '{"image": "x"}',
            "AwsEcsExecutor takes the image of a task from the task definition of the executor",
        ),
        ("KubernetesExecutor", '{"cpus": 0}', "cpus must be greater than 0"),
        ("KubernetesExecutor", '{"memory_mib": 0}', "memory_mib must be at least 1"),
    ],
)
def test_values_that_an_executor_cannot_use_are_refused(
    tmp_path: Path, executor: str, wanted: str, sentence: str
) -> None:
    done = run(BODY, tmp_path, wanted, AIRFLOW__CORE__EXECUTOR=executor)
    assert "ValueError: " in done.stderr
    assert sentence in done.stderr
