"""The environment variables that the project sets and that the measured process can have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from dagprof.project import left_out
from dagprof.project.mounts import Mounts
from dagprof.project.sources import Sources
from dagprof.project.usage import Usages, counted, shortened
from dagprof.project.values import OFF, Variable, impossible

_MOST_VARIABLES = 2_000
_MOST_BYTES = 500_000
_TOO_MANY = f"the project sets more than {_MOST_VARIABLES:,} variables"
_TOO_LARGE = "the project's variables are too large in total"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# These variables name folders of a container. dagprof maps each of them to a folder here
# separately.
_HANDLED = (
    "AIRFLOW_HOME",
    "AIRFLOW_CONFIG",
    "PYTHONPATH",
    "AIRFLOW__CORE__DAGS_FOLDER",
    "AIRFLOW__CORE__PLUGINS_FOLDER",
)


def taken_over(found: Sources, environment: Mapping[str, str], usages: Usages) -> dict[str, str]:
    """The variables to take over; the variables of one file share one recorded row. Variables in
    the user's ``environment`` stay unchanged.
    """
    taken: dict[str, str] = {}
    room = _MOST_BYTES
    by_file: dict[Path, list[Variable]] = {}
    unusable: dict[tuple[str, Path], list[str]] = {}
    for variable in found.variables.values():
        name = variable.name
        if not _is_wanted(name, environment) or not _NAME.fullmatch(name):
            continue
        value = (
            _mapped(variable.value, found.mounts)
            if len(taken) < _MOST_VARIABLES
            else variable.value
        )
        size = len(name) + len(value)
        why = impossible(name, value) or (_TOO_LARGE if size > room else "")
        if why or len(taken) == _MOST_VARIABLES:
            unusable.setdefault((why or _TOO_MANY, variable.file), []).append(name)
            continue
        taken[name] = value
        room -= size
        by_file.setdefault(variable.file, []).append(variable)
    _note(found, by_file, unusable, usages)
    _note_unset(found, environment, usages)
    return taken


def _is_wanted(name: str, environment: Mapping[str, str]) -> bool:
    return name not in environment and name not in _HANDLED and not left_out.reason(name)


def _mapped(value: str, mounts: Mounts) -> str:
    """A path in the container, mapped to the path here. Other values, and paths that do not exist
    here, stay as they are.
    """
    outside = mounts.outside(value) if mounts.is_inside(value) else None
    return value if outside is None else str(outside)


def _note(
    found: Sources,
    by_file: Mapping[Path, list[Variable]],
    unusable: Mapping[tuple[str, Path], list[str]],
    usages: Usages,
) -> None:
    shown = found.repository.shown
    for file, variables in by_file.items():
        line = variables[0].line if len(variables) == 1 else 0
        off = "--env-file selects this file" if file == found.env_file else OFF
        usages.take(counted([each.name for each in variables]), shown(file, line), off)
    for (why, file), names in unusable.items():
        usages.leave(shortened(names), shown(file), why)


def _note_unset(found: Sources, environment: Mapping[str, str], usages: Usages) -> None:
    """Record one row for all variables whose values lack the same names."""
    if not found.unset:
        return
    from dagprof.redaction import is_secret  # takes some ms, and most projects lack nothing

    lacking: dict[tuple[tuple[str, ...], Path], list[str]] = {}
    for name, key in found.unset.items():
        if _is_wanted(name, environment):
            lacking.setdefault(key, []).append(name)
    for (needed, file), names in lacking.items():
        # Of a password with a dollar sign, the rest would look like a name.
        if any(map(is_secret, names)):
            why = (
                "the value refers to a variable that is not set; write $$ for a dollar sign, or use"
                " --env-file FILE"
            )
        else:
            missing = " and ".join(needed)
            verb = "is" if len(needed) == 1 else "are"
            why = (
                f"the value needs {missing}, which {verb} not set; set {missing}, or use --env-file"
                " FILE"
            )
        usages.leave(shortened(names), found.repository.shown(file), why)
