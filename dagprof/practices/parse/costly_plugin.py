"""DP111: a plugin that takes long to load."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject
from dagprof.quantities import duration

_LEAST_MS = 200.0


def _find(subject: Subject) -> Iterator[Finding]:
    for plugin in subject.run.plugins:
        if plugin.wall_ms >= _LEAST_MS:
            mib = max(0, plugin.rss_kib) / 1024
            message = (
                f"The plugin {plugin.name} takes {duration(plugin.wall_ms)} and {mib:.0f} MiB to"
                " load."
            )
            yield RULE.finding("", 0, message, key=plugin.name)


RULE = Rule(
    code="DP111",
    name="costly-plugin",
    family=Family.PARSE,
    severity=Severity.HINT,
    summary="A plugin that takes long to load.",
    cost=(
        "Each Airflow process that starts anew pays for the plugin, also each task in a container."
    ),
    advice="Import what the plugin needs inside its functions, or remove the plugin.",
    bad="""
# plugins/reports.py
import pandas
from airflow.plugins_manager import AirflowPlugin

class Reports(AirflowPlugin):
    name = "reports"
""",
    good="""
# plugins/reports.py
from airflow.plugins_manager import AirflowPlugin

def frame(rows):
    import pandas

    return pandas.DataFrame(rows)

class Reports(AirflowPlugin):
    name = "reports"
""",
    find=_find,
)
