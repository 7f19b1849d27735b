"""Names whose values must not appear in any result."""

from __future__ import annotations

import re

_NAME = re.compile(r"pass|pwd|secret|token|key|credential|auth|dsn", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether the value of a Variable or an environment variable must stay secret, judged by its
    name.
    """
    return name.startswith("AIRFLOW_CONN_") or _NAME.search(name) is not None
