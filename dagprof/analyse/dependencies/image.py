"""The contents of Airflow's official images: the default extras of the official Dockerfile.

Sources, all in the repository apache/airflow:

* 2.8: ``docs/docker-stack/build-arg-ref.rst``, commit 019b578c0b846e71c1627f9856ef4f9b6446348a
  (between 2.8 and 2.9)
* 2.10: ``Dockerfile`` whose ``AIRFLOW_VERSION`` is 2.10.2
* 3.0: the list of 2.10 without ``virtualenv``, which ``docker-stack-docs/changelog.rst`` lists as
  removed in 3.0
* 3.1: ``Dockerfile`` whose ``AIRFLOW_VERSION`` is 3.1.5
* 3.3: ``Dockerfile`` whose ``AIRFLOW_VERSION`` is 3.3.0

For any other version, the newest list that is not newer applies. 2.7 has the list of 2.8. Extras
that the installed Airflow does not define are dropped.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_OF_2_8 = (
    "aiobotocore amazon async celery cncf-kubernetes common-io docker elasticsearch ftp "
    "google google-auth graphviz grpc hashicorp http ldap microsoft-azure mysql odbc "
    "openlineage pandas postgres redis sendgrid sftp slack snowflake ssh statsd virtualenv"
)
_OF_2_10 = f"{_OF_2_8} fab uv"
_OF_3_0 = _OF_2_10.replace(" virtualenv", "")
_OF_3_1 = f"{_OF_3_0} common-messaging git"
_OF_3_3 = f"{_OF_3_1} opensearch"
_LISTS = (
    ((2, 8), _OF_2_8),
    ((2, 10), _OF_2_10),
    ((3, 0), _OF_3_0),
    ((3, 1), _OF_3_1),
    ((3, 3), _OF_3_3),
)
# Extras that Airflow uses without an import in a DAG file: executors, authentication, the metadata
# database, logs, metrics, lineage, secrets, bundles, programs.
_CONFIGURABLE = (
    "async celery cncf-kubernetes common-io common-messaging elasticsearch fab git "
    "google-auth graphviz hashicorp ldap mysql odbc openlineage opensearch postgres redis "
    "sendgrid statsd uv virtualenv"
)
CONFIGURABLE = frozenset(_CONFIGURABLE.split())
# Texts in Airflow's configuration that name an extra, beside the modules of its provider.
NAMING = {
    "celery": ("CeleryExecutor", "CeleryKubernetesExecutor"),
    "cncf-kubernetes": ("KubernetesExecutor", "CeleryKubernetesExecutor"),
    "amazon": ("s3://", "cloudwatch://", "aws_conn_id"),
    "google": ("gs://", "stackdriver://"),
    "microsoft-azure": ("wasb://", "wasb-", "abfs://"),
    "mysql": ("mysql://", "mysql+"),
    "postgres": ("postgresql://", "postgresql+", "postgres://"),
    "redis": ("redis://", "rediss://"),
}


class Extras(NamedTuple):
    """The default extras, and the Airflow version whose list this is."""

    names: tuple[str, ...]
    source: str


def default_extras(airflow_version: str) -> Extras:
    """The extras of the official image of this Airflow."""
    not_newer = [row for row in _LISTS if row[0] <= release(airflow_version)]
    at, names = not_newer[-1] if not_newer else _LISTS[0]
    return Extras(tuple(sorted(names.split())), f"{at[0]}.{at[1]}")


def release(version: str) -> tuple[int, ...]:
    """Major and minor version."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def tag(airflow_version: str, python_version: str, *, is_slim: bool) -> str:
    """The name of the official image for these versions."""
    python = ".".join(python_version.split(".")[:2])
    return f"apache/airflow:{'slim-' if is_slim else ''}{airflow_version}-python{python}"


def provider_module(extra: str) -> str:
    """The module of the provider of an extra, as Airflow's configuration would name it."""
    return f"airflow.providers.{extra.replace('-', '.')}"
