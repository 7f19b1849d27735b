"""Import paths that exist only in Airflow 2 or only in Airflow 3.

Each row maps an import path of Airflow 2 to the corresponding import path of Airflow 3. A row also
applies to all paths below its path. If several rows match, the longest path counts. The rows come
from the sources of Airflow 2.11.2 and 3.3.2. A test imports each path of Airflow 3 whose
distribution is installed.
"""

from __future__ import annotations

import re

_STANDARD = "airflow.providers.standard"
TO_3: dict[str, str] = {
    "airflow.DAG": "airflow.sdk.DAG",
    "airflow.Dataset": "airflow.sdk.Asset",
    "airflow.contrib": "",
    "airflow.datasets": "airflow.sdk.Asset",
    "airflow.decorators": "airflow.sdk",
    "airflow.hooks.base": "airflow.sdk.bases.hook",
    "airflow.hooks.base_hook": "airflow.sdk.bases.hook",
    "airflow.hooks.dbapi": "airflow.providers.common.sql.hooks.sql",
    "airflow.hooks.dbapi_hook": "airflow.providers.common.sql.hooks.sql",
    "airflow.hooks.filesystem": f"{_STANDARD}.hooks.filesystem",
    "airflow.hooks.package_index": f"{_STANDARD}.hooks.package_index",
    "airflow.hooks.subprocess": f"{_STANDARD}.hooks.subprocess",
    "airflow.io.path": "airflow.sdk",
    "airflow.kubernetes": "airflow.providers.cncf.kubernetes",
    "airflow.lineage.entities": "",
    "airflow.models.baseoperator": "airflow.sdk.bases.operator",
    "airflow.models.param": "airflow.sdk.definitions.param",
    "airflow.notifications.basenotifier": "airflow.sdk.bases.notifier",
    "airflow.operators.bash": f"{_STANDARD}.operators.bash",
    "airflow.operators.bash_operator": f"{_STANDARD}.operators.bash",
    "airflow.operators.branch": f"{_STANDARD}.operators.branch",
    "airflow.operators.branch_operator": f"{_STANDARD}.operators.branch",
    "airflow.operators.dagrun_operator": f"{_STANDARD}.operators.trigger_dagrun",
    "airflow.operators.datetime": f"{_STANDARD}.operators.datetime",
    "airflow.operators.dummy": f"{_STANDARD}.operators.empty",
    "airflow.operators.dummy_operator": f"{_STANDARD}.operators.empty",
    "airflow.operators.email": "airflow.providers.smtp.operators.smtp",
    "airflow.operators.email_operator": "airflow.providers.smtp.operators.smtp",
    "airflow.operators.empty": f"{_STANDARD}.operators.empty",
    "airflow.operators.generic_transfer": "airflow.providers.common.sql.operators.generic_transfer",
    "airflow.operators.latest_only": f"{_STANDARD}.operators.latest_only",
    "airflow.operators.latest_only_operator": f"{_STANDARD}.operators.latest_only",
    "airflow.operators.python": f"{_STANDARD}.operators.python",
    "airflow.operators.python_operator": f"{_STANDARD}.operators.python",
    "airflow.operators.smooth": f"{_STANDARD}.operators.smooth",
    "airflow.operators.sql": "airflow.providers.common.sql.operators.sql",
    "airflow.operators.subdag": "airflow.sdk.TaskGroup",
    "airflow.operators.subdag_operator": "airflow.sdk.TaskGroup",
    "airflow.operators.trigger_dagrun": f"{_STANDARD}.operators.trigger_dagrun",
    "airflow.operators.weekday": f"{_STANDARD}.operators.weekday",
    "airflow.sensors.base": "airflow.sdk.bases.sensor",
    "airflow.sensors.base_sensor_operator": "airflow.sdk.bases.sensor",
    "airflow.sensors.bash": f"{_STANDARD}.sensors.bash",
    "airflow.sensors.date_time": f"{_STANDARD}.sensors.date_time",
    "airflow.sensors.date_time_sensor": f"{_STANDARD}.sensors.date_time",
    "airflow.sensors.external_task": f"{_STANDARD}.sensors.external_task",
    "airflow.sensors.external_task_sensor": f"{_STANDARD}.sensors.external_task",
    "airflow.sensors.filesystem": f"{_STANDARD}.sensors.filesystem",
    "airflow.sensors.python": f"{_STANDARD}.sensors.python",
    "airflow.sensors.sql": "airflow.providers.common.sql.sensors.sql",
    "airflow.sensors.time_delta": f"{_STANDARD}.sensors.time_delta",
    "airflow.sensors.time_delta_sensor": f"{_STANDARD}.sensors.time_delta",
    "airflow.sensors.time_sensor": f"{_STANDARD}.sensors.time",
    "airflow.sensors.weekday": f"{_STANDARD}.sensors.weekday",
    "airflow.triggers.external_task": f"{_STANDARD}.triggers.external_task",
    "airflow.triggers.file": f"{_STANDARD}.triggers.file",
    "airflow.triggers.temporal": f"{_STANDARD}.triggers.temporal",
    "airflow.utils.dag_parsing_context": "airflow.sdk",
    "airflow.utils.dates": "",
    "airflow.utils.helpers.chain": "airflow.sdk.chain",
    "airflow.utils.helpers.cross_downstream": "airflow.sdk.cross_downstream",
    "airflow.utils.task_group": "airflow.sdk.TaskGroup",
    "airflow.utils.timezone": "airflow.sdk.timezone",
    "airflow.utils.trigger_rule": "airflow.sdk.TriggerRule",
    "airflow.utils.weekday": f"{_STANDARD}.utils.weekday",
}
# Arguments of ``DAG`` that Airflow 3 rejects, and their replacements.
ARGUMENTS: dict[str, str] = {
    "concurrency": "max_active_tasks",
    "default_view": "",
    "orientation": "",
    "schedule_interval": "schedule",
    "timetable": "schedule",
}
_ARGUMENT = re.compile(r"^(?:DAG\.__init__|DAG|dag)\(\) got an unexpected keyword argument '(\w+)'")
# New paths of Airflow 3, and their counterparts in Airflow 2.
TO_2: dict[str, str] = {
    "airflow.sdk": (
        "airflow (DAG), airflow.decorators (dag, task, task_group) and airflow.models"
        " (BaseOperator, Variable)"
    ),
    "airflow.sdk.Asset": "airflow.datasets.Dataset",
    "airflow.sdk.BaseHook": "airflow.hooks.base.BaseHook",
    "airflow.sdk.BaseOperator": "airflow.models.baseoperator.BaseOperator",
    "airflow.sdk.BaseSensorOperator": "airflow.sensors.base.BaseSensorOperator",
    "airflow.sdk.Connection": "airflow.models.Connection",
    "airflow.sdk.DAG": "airflow.DAG",
    "airflow.sdk.Label": "airflow.utils.edgemodifier.Label",
    "airflow.sdk.Param": "airflow.models.param.Param",
    "airflow.sdk.TaskGroup": "airflow.utils.task_group.TaskGroup",
    "airflow.sdk.TriggerRule": "airflow.utils.trigger_rule.TriggerRule",
    "airflow.sdk.Variable": "airflow.models.Variable",
    "airflow.sdk.bases.hook": "airflow.hooks.base",
    "airflow.sdk.bases.notifier": "airflow.notifications.basenotifier",
    "airflow.sdk.bases.operator": "airflow.models.baseoperator",
    "airflow.sdk.bases.sensor": "airflow.sensors.base",
    "airflow.sdk.chain": "airflow.models.baseoperator.chain",
    "airflow.sdk.dag": "airflow.decorators.dag",
    "airflow.sdk.definitions.asset": "airflow.datasets",
    "airflow.sdk.definitions.param": "airflow.models.param",
    "airflow.sdk.get_current_context": "airflow.operators.python.get_current_context",
    "airflow.sdk.task": "airflow.decorators.task",
    "airflow.sdk.task_group": "airflow.decorators.task_group",
    "airflow.sdk.timezone": "airflow.utils.timezone",
    "airflow.timetables.trigger.MultipleCronTriggerTimetable": "",
    "airflow.assets": "airflow.datasets",
}


def argument_way_out(message: str, airflow_version: str) -> str:
    """The fix for an argument of ``DAG`` that this version of Airflow rejects, in words. Empty if
    the argument is unknown.
    """
    found = _ARGUMENT.search(message)
    if found is None or found[1] not in ARGUMENTS or _is_2(airflow_version):
        return ""
    instead = ARGUMENTS[found[1]]
    known = f"the argument `{found[1]}` of a DAG was removed in Airflow 3.0"
    return f"{known}. Use `{instead}`" if instead else f"{known}. Remove the argument"


def way_out(name: str, airflow_version: str, *, is_name: bool = False) -> str:
    """The fix for an import path that this version of Airflow lacks, in words. Empty if the path is
    unknown.

    ``is_name`` says that the module exists, and that only the last part of the path is missing.
    """
    is_2 = _is_2(airflow_version)
    found = _known(name, airflow_version)
    if found is None:
        return ""
    instead = _table(airflow_version)[found]
    known = f"`{found}` is new in Airflow 3.0" if is_2 else f"`{found}` was removed in Airflow 3.0"
    if not instead:
        if is_name:
            return f"`{name}` was removed in Airflow 3.0 without a direct replacement"
        return (
            f"{known}. Airflow 2 has no equivalent"
            if is_2
            else f"{known} without a direct replacement"
        )
    on_2 = (
        f". On Airflow 2, import from {instead}"
        if "(" in instead
        else f". On Airflow 2, use `{instead}`"
    )
    return known + (on_2 if is_2 else f". Use `{instead}`")


def successor(name: str, airflow_version: str) -> str:
    """The Airflow 3 import path that replaces a removed import path. Empty if the path is unknown,
    and empty on Airflow 2.
    """
    found = None if _is_2(airflow_version) else _known(name, airflow_version)
    return TO_3[found] if found is not None else ""


def _is_2(airflow_version: str) -> bool:
    return airflow_version.partition(".")[0] == "2"


def _table(airflow_version: str) -> dict[str, str]:
    return TO_2 if _is_2(airflow_version) else TO_3


def _known(name: str, airflow_version: str) -> str | None:
    """The longest parent path that has a row."""
    return next((path for path in _upwards(name) if path in _table(airflow_version)), None)


def _upwards(name: str) -> list[str]:
    """A dotted name and all of its parents. The longest name comes first."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
