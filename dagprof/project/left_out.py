"""The container's variables that dagprof does not take over, and why: each row is a reason and
patterns of names.

A measurement must not reach any part of the deployment (databases, secrets, logs). A process here
needs this machine's folders and libraries, not the container's. docs/project.md prints the same
list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Patterns of names by the reason for leaving them out. If several patterns match, the first one
# counts.
REASONS: Mapping[str, tuple[str, ...]] = {
    "programs are found on this machine's path": ("PATH", "MANPATH", "CDPATH"),
    "it describes the container's user and system": (
        *(
            "HOME",
            "USER",
            "LOGNAME",
            "SHELL",
            "PWD",
            "OLDPWD",
            "HOSTNAME",
            "TERM",
            "MAIL",
            "TMPDIR",
            "TEMP",
            "TMP",
        ),
    ),
    "it changes which libraries are loaded or how memory is allocated": (
        "LD_.*",
        "DYLD_.*",
        "MALLOC_.*",
        "GLIBC_.*",
    ),
    "this machine decides it": ("LANG", "LANGUAGE", "LC_.*", "TZ"),
    "only shells and package managers read it": (
        "BASH_.*",
        "ENV",
        "IFS",
        r"PS\d",
        "DEBIAN_FRONTEND",
    ),
    "it changes the interpreter that is measured": ("PYTHON(?!PATH$).*",),
    "it describes what is installed in the container": (
        *("VIRTUAL_ENV", "CONDA_.*", "PYENV_.*", "PIP_.*", "UV_.*", "POETRY_.*", "PIPENV_.*"),
    ),
    "only tools around the container read it": (
        "GIT_.*",
        "SSH_.*",
        "DOCKER_.*",
        "COMPOSE_.*",
        "BUILDKIT_.*",
    ),
    "the container's proxy is not this machine's": ("(?i:(?:http|https|ftp|all|no)_proxy)",),
    "settings of dagprof belong in its configuration file": ("DAGPROF_.*",),
    "only the container's entry point reads it": (
        *(
            "_AIRFLOW_.*",
            "_PIP_.*",
            "AIRFLOW_UID",
            "AIRFLOW_GID",
            "AIRFLOW_PROJ_DIR",
            "AIRFLOW_IMAGE_NAME",
        ),
    ),
    "dagprof uses a scratch database": ("AIRFLOW__DATABASE__.*", "AIRFLOW__CORE__SQL_ALCHEMY_.*"),
    "dagprof runs no executor": (
        *("AIRFLOW__CELERY.*", "AIRFLOW__CORE__EXECUTOR", "AIRFLOW__CORE__PARALLELISM"),
        *("AIRFLOW__KUBERNETES.*", "AIRFLOW__LOCAL_.*"),
    ),
    "dagprof queries no secrets backend; use --variables and --connections": (
        "AIRFLOW__SECRETS__.*",
    ),
    "dagprof sends and logs nothing": (
        "AIRFLOW__(?:LOGGING|METRICS|TRACES|SENTRY|SMTP|EMAIL|KERBEROS)__.*",
        "AIRFLOW__CORE__(?:REMOTE_.*|.*LOG.*)",
    ),
    "dagprof starts no server": (
        "AIRFLOW__(?:WEBSERVER|API|API_AUTH|FAB|CLI|EDGE)__.*",
        "AIRFLOW__CORE__(?:FERNET_KEY|SECURITY|AUTH_MANAGER|SIMPLE_AUTH_.*|HOSTNAME_CALLABLE|.*_URL)",
    ),
    "dagprof sets its own value": (
        *("AIRFLOW__CORE__LOAD_EXAMPLES", "AIRFLOW__CORE__UNIT_TEST_MODE"),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST",
    ),
    "Airflow would run a command or query a backend for the value": (
        r"AIRFLOW__\w+_(?:CMD|SECRET)",
    ),
}
_COMPILED = [(re.compile("|".join(patterns)), reason) for reason, patterns in REASONS.items()]


def reason(name: str) -> str:
    """Why dagprof does not take over a variable; empty if it does."""
    return next((text for pattern, text in _COMPILED if pattern.fullmatch(name)), "")
