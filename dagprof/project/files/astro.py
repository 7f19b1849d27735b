"""Variables and Connections in Astro's ``airflow_settings.yaml``."""

from __future__ import annotations

import json
from typing import NamedTuple

from dagprof.project.files import yaml_on_demand
from dagprof.project.files.lined import Lined
from dagprof.project.values import Unreadable

# Field names as in `airflow connections export`, which Airflow's Connection reads.
_FIELDS = {
    "conn_type": "conn_type",
    "conn_host": "host",
    "conn_schema": "schema",
    "conn_login": "login",
    "conn_password": "password",
    "conn_port": "port",
    "conn_extra": "extra",
}
_PORT_DIGITS = 5


class ProjectAnswers(NamedTuple):
    """Values of Variables and Connections by name, in the form of the files for ``--variables`` and
    ``--connections``.
    """

    variables: dict[str, str]
    connections: dict[str, object]


def mapping(source: str) -> dict[str, object]:
    """The mapping of a JSON or YAML file that gives values by name; empty for other files."""
    try:
        found = yaml_on_demand.load(source, is_typed=True)
    except Unreadable:
        return {}
    return dict(found) if isinstance(found, Lined) else {}


def parse(source: str) -> ProjectAnswers:
    """The values in the file.

    :raises Unreadable: the text is not YAML, or too large.
    """
    document = yaml_on_demand.load(source, is_typed=True)
    airflow = document.get("airflow") if isinstance(document, Lined) else None
    if not isinstance(airflow, Lined):
        return ProjectAnswers({}, {})
    variables = {
        str(each["variable_name"]): text(each.get("variable_value"))
        for each in _items(airflow, "variables")
        if each.get("variable_name")
    }
    connections: dict[str, object] = {
        str(each["conn_id"]): _connection(each)
        for each in _items(airflow, "connections")
        if each.get("conn_id")
    }
    return ProjectAnswers(variables, connections)


def _items(airflow: Lined, key: str) -> list[Lined]:
    found = airflow.get(key)
    return [each for each in found if isinstance(each, Lined)] if isinstance(found, list) else []


def _connection(each: Lined) -> str | dict[str, object]:
    if each.get("conn_uri"):
        return str(each["conn_uri"])
    found = {name: text(each[key]) for key, name in _FIELDS.items() if each.get(key)}
    port = found.get("port", "")
    if port.isascii() and port.isdigit() and len(port) <= _PORT_DIGITS:
        return {**found, "port": int(port)}
    return {**found}


def text(value: object) -> str:
    """A value in the text form that Airflow stores."""
    return (
        json.dumps(value)
        if isinstance(value, (dict, list, bool))
        else ""
        if value is None
        else str(value)
    )
