"""Advice in a library's own terms, for libraries that DAG files often call at the top level. Each
library has one file, with the source of its facts.
"""

from __future__ import annotations

from collections.abc import Sequence

from dagprof.report.libraries import (
    boto3,
    cosmos,
    google_cloud,
    great_expectations,
    hvac,
    kubernetes,
    logging_config,
    pandas_reading,
    requests,
    sentry,
    snowflake,
    sqlalchemy,
)
from dagprof.report.libraries.library import Call, Library

LIBRARIES: tuple[Library, ...] = (
    sentry.LIBRARY,
    google_cloud.LIBRARY,
    boto3.LIBRARY,
    snowflake.LIBRARY,
    sqlalchemy.LIBRARY,
    cosmos.LIBRARY,
    great_expectations.LIBRARY,
    hvac.LIBRARY,
    kubernetes.LIBRARY,
    requests.LIBRARY,
    pandas_reading.LIBRARY,
    logging_config.LIBRARY,
)


def advice(called: str, executors: Sequence[str], modules: int) -> str:
    """What to change in the call of a known library, in one or two sentences. Empty for others.

    ``called`` is the call as the user writes it. ``executors`` are the modules whose functions
    imported other modules during the call, so a call of the user's own function counts too.
    """
    call = Call(called, tuple(executors), modules)
    return next((library.advise(call) for library in LIBRARIES if library.is_called(call)), "")
