"""The variables of the container that dagprof ignores: for each reason, patterns of names.

A measurement must not reach any part of the deployment (databases, secrets, logs). The measured
process needs the folders and libraries of this machine, not of the container. docs/project.md
prints the same list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Patterns of names by the reason for leaving them out. If several patterns match, the first one
# counts.
REASONS: Mapping[str, tuple[str, ...]] = {
    "dagprof uses this machine's search paths": ("PATH", "MANPATH", "CDPATH"),
    "dagprof uses this machine's user and system settings": (
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
    "dagprof uses this machine's library and memory settings": (
        "LD_.*",
        "DYLD_.*",
        "MALLOC_.*",
        "GLIBC_.*",
    ),
    "dagprof uses this machine's language and time zone": ("LANG", "LANGUAGE", "LC_.*", "TZ"),
    "only shells and package managers use such variables": (
        "BASH_.*",
        "ENV",
        "IFS",
        r"PS\d",
        "DEBIAN_FRONTEND",
    ),
    "such variables change the behaviour of the measured interpreter": ("PYTHON(?!PATH$).*",),
    "such variables describe the Python environment of the container": (
        *("VIRTUAL_ENV", "CONDA_.*", "PYENV_.*", "PIP_.*", "UV_.*", "POETRY_.*", "PIPENV_.*"),
    ),
    "only tools such as git, SSH and Docker use such variables": (
        "GIT_.*",
        "SSH_.*",
        "DOCKER_.*",
        "COMPOSE_.*",
        "BUILDKIT_.*",
    ),
    "dagprof uses this machine's proxy settings": ("(?i:(?:http|https|ftp|all|no)_proxy)",),
    "dagprof settings belong in dagprof's configuration file": ("DAGPROF_.*",),
    "only the container's entry point uses such variables": (
        *(
            "_AIRFLOW_.*",
            "_PIP_.*",
            "AIRFLOW_UID",
            "AIRFLOW_GID",
            "AIRFLOW_PROJ_DIR",
            "AIRFLOW_IMAGE_NAME",
        ),
    ),
    "dagprof uses a temporary database": ("AIRFLOW__DATABASE__.*", "AIRFLOW__CORE__SQL_ALCHEMY_.*"),
    "dagprof does not run an executor": (
        *("AIRFLOW__CELERY.*", "AIRFLOW__CORE__EXECUTOR", "AIRFLOW__CORE__PARALLELISM"),
        *("AIRFLOW__KUBERNETES.*", "AIRFLOW__LOCAL_.*"),
    ),
    "dagprof does not query secrets backends; use --variables and --connections": (
        "AIRFLOW__SECRETS__.*",
    ),
    "dagprof sends no logs, metrics or emails": (
        "AIRFLOW__(?:LOGGING|METRICS|TRACES|SENTRY|SMTP|EMAIL|KERBEROS)__.*",
        "AIRFLOW__CORE__(?:REMOTE_.*|.*LOG.*)",
    ),
    "dagprof does not start Airflow servers": (
        "AIRFLOW__(?:WEBSERVER|API|API_AUTH|FAB|CLI|EDGE)__.*",
        "AIRFLOW__CORE__(?:FERNET_KEY|SECURITY|AUTH_MANAGER|SIMPLE_AUTH_.*|HOSTNAME_CALLABLE|.*_URL)",
    ),
    "dagprof uses a fixed value": (
        *("AIRFLOW__CORE__LOAD_EXAMPLES", "AIRFLOW__CORE__UNIT_TEST_MODE"),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST",
    ),
    "Airflow would run a command or query a secrets backend for the value": (
        r"AIRFLOW__\w+_(?:CMD|SECRET)",
    ),
}
_COMPILED = [(re.compile("|".join(patterns)), reason) for reason, patterns in REASONS.items()]


def reason(name: str) -> str:
    """Why dagprof does not take over a variable; empty if it does."""
    return next((text for pattern, text in _COMPILED if pattern.fullmatch(name)), "")
