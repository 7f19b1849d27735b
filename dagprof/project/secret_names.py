"""Which names stand for values that may appear in no result."""

from __future__ import annotations

import re

_NAME = re.compile(r"pass|pwd|secret|token|key|credential|auth|dsn", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether the value of a Variable or an environment variable is to be kept secret, by its
    name.
    """
    return name.startswith("AIRFLOW_CONN_") or _NAME.search(name) is not None
