"""The client of Sentry. By default, ``sentry_sdk.init`` looks for every library that it has an
integration for, and imports those that are installed.
"""

from __future__ import annotations

from dagprof.quantities import count
from dagprof.report.libraries.library import Call, Library

_INTEGRATIONS = "sentry_sdk.integrations."


def _advise(call: Call) -> str:
    found = {
        name.removeprefix(_INTEGRATIONS).partition(".")[0]
        for name in call.executors
        if name.startswith(_INTEGRATIONS)
    }
    loads = f"sentry_sdk.init loads {count(call.modules, 'module')}"
    if found:
        loads += f" for {count(len(found), 'integration')} whose packages are installed"
    return (
        f"{loads}. Pass auto_enabling_integrations=False, and in `integrations`, list only the"
        " integrations that you use."
    )


LIBRARY = Library(
    ("sentry_sdk.init",),
    "sentry_sdk",
    _advise,
    "https://docs.sentry.io/platforms/python/configuration/options/",
)
