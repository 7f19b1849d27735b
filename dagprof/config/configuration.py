"""Reads settings from a file, the environment, and options. Each source becomes one flat table,
which dagprof checks key by key.

Keys of nested tables are written with dots: ``gate.new_modules``, ``gate.rules.new-package``.
"""

from __future__ import annotations

import difflib
import enum
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dagprof.config import documents, validation
from dagprof.config.checks import Checks
from dagprof.config.policy import Level, Override, Policy, Rule, Waiver
from dagprof.errors import UsageError

ENVIRONMENT_PREFIX = "DAGPROF_"
# Not settings: the test suite reads these variables to find an Airflow.
# Variables that are no settings: those of tests, and the token of --from-airflow.
_LEFT_ALONE = ("DAGPROF_TEST_", "DAGPROF_AIRFLOW_TOKEN")
_OWN_FILE, _PROJECT_FILE = "dagprof.toml", "pyproject.toml"
_GATE, _CHECK = "gate", "check"
_LISTS: dict[str, type[Override | Waiver]] = {"overrides": Override, "waivers": Waiver}
# Keys that hold one path.
_PATHS = (
    "baseline",
    "variables",
    "connections",
    "output_dir",
    "bundle_root",
    "python",
    "plugins",
    "env_file",
    "airflow_home",
)
# Only the loader sets these, never a user.
_OWN = {"file", "comment_line", "config_file"}


class Entry(msgspec.Struct, frozen=True):
    """A checked value and its source."""

    value: object
    source: str


Entries = dict[str, Entry]


class _Place(msgspec.Struct, frozen=True):
    """A table's name, its source, and its number in a list of tables."""

    name: str
    within: str
    number: int | None = None

    def __str__(self) -> str:
        which = "" if self.number is None else f" number {self.number}"
        return f"[{self.name}]{which} in {self.within}" if self.name else self.within

    def table(self, name: str) -> _Place:
        """A table below this one."""
        return _Place(f"{self.name}.{name}" if self.name else name, self.within, self.number)

    def item(self, number: int) -> _Place:
        """One table of a list, counted from 1."""
        return _Place(self.name, self.within, number)


def read_file(start: Path, shape: type[msgspec.Struct]) -> tuple[Path | None, Entries]:
    """The settings of the nearest folder at or above ``start`` that has settings, and the file that
    holds them.

    ``shape`` is the struct whose fields are the keys of the top table.

    :raises UsageError: the file cannot be read, or holds an unknown key or an impossible value.
    """
    for folder in (start, *start.parents):
        own, project = folder / _OWN_FILE, folder / _PROJECT_FILE
        table = _project_table(project) if os.path.isfile(project) else None
        if os.path.isfile(own):
            if table:
                raise UsageError(
                    f"Both {own} and [tool.dagprof] in {project} contain settings. Move all"
                    " settings to one of these files."
                )
            return own, _relative_to(
                folder, start, _top(documents.read(own), shape, _Place("", str(own)), own.name)
            )
        if table is not None:
            place = _Place("tool.dagprof", str(project))
            return project, _relative_to(folder, start, _top(table, shape, place, project.name))
    return None, {}


def limits_in(file: Path) -> list[object]:
    """The gate's limits in a configuration file, unchecked; empty if the file cannot be read."""
    try:
        table = (documents.read(file) if file.name == _OWN_FILE else _project_table(file)) or {}
    except UsageError:
        table = {}
    return [table.get(name) or None for name in (_GATE, "overrides")]


def read_environment(environment: Mapping[str, str], shape: type[msgspec.Struct]) -> Entries:
    """Settings in ``DAGPROF_<KEY>`` and ``DAGPROF_GATE_<KEY>``. Commas separate the items of a
    list; an empty variable counts as not set.

    :raises UsageError: the key of such a variable is unknown, or its value is impossible.
    """
    variables = _variables(shape)
    found: Entries = {}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or name.startswith(_LEFT_ALONE):
            continue
        if name not in variables:
            raise UsageError(
                f"Unknown environment variable `{validation.shown(name)}`;"
                f" {_variable_meant(name, variables)}"
            )
        if not text.strip():
            continue
        owner, field = variables[name]
        value = (
            [part.strip() for part in text.split(",") if part.strip()]
            if validation.is_list(owner, field)
            else text
        )
        key = f"{_GATE}.{field}" if owner is Policy else field
        found[key] = Entry(
            validation.value(owner, field, value, "the environment", name),
            f"environment variable {name}",
        )
    return found


def _variables(shape: type[msgspec.Struct]) -> dict[str, tuple[type[msgspec.Struct], str]]:
    """The struct and the field for each environment variable."""
    top = [field for field in _names(shape) if field not in (_GATE, _CHECK, *_LISTS)]
    gate = [field for field in _names(Policy) if field != "rules"]
    return {f"{ENVIRONMENT_PREFIX}{field.upper()}": (shape, field) for field in top} | {
        f"{ENVIRONMENT_PREFIX}GATE_{field.upper()}": (Policy, field) for field in gate
    }


def _variable_meant(name: str, known: Iterable[str]) -> str:
    rest = name.removeprefix(ENVIRONMENT_PREFIX)
    if rest.lower() in (_GATE, "gate_rules", _CHECK, *_LISTS):
        table = rest.lower().replace("gate_", "gate.")
        return f"set the table {table!r} in a configuration file instead."
    return _nearest(
        rest,
        {variable.removeprefix(ENVIRONMENT_PREFIX): variable for variable in known},
        "variables",
    )


def read_options(options: Mapping[str, object], shape: type[msgspec.Struct]) -> Entries:
    """Settings from a caller. None means that the caller did not set the value, and ``gate`` may
    hold only some keys of that table.

    :raises UsageError: an unknown key or an impossible value.
    """
    given = {key: value for key, value in options.items() if value is not None}
    for name in (_GATE, _CHECK):
        if isinstance(table := given.get(name), Mapping):
            given[name] = {key: value for key, value in table.items() if value is not None}
    plain = {key: _plain(value) for key, value in given.items()}
    found = _top(plain, shape, _Place("", "the options"), "option")
    return {key: Entry(entry.value, "option") for key, entry in found.items()}


def _plain(value: object) -> object:
    """Structs in the form of the tables that they were read from."""
    if isinstance(value, msgspec.Struct):
        table = {
            field.encode_name: _plain(getattr(value, field.name))
            for field in msgspec.structs.fields(value)
        }
        return {key: kept for key, kept in table.items() if kept is not None and key not in _OWN}
    if isinstance(value, Mapping):
        return {
            key.value if isinstance(key, enum.Enum) else key: _plain(item)
            for key, item in value.items()
        }
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _project_table(file: Path) -> dict[str, object] | None:
    tool = documents.read(file).get("tool")
    table = tool.get("dagprof") if isinstance(tool, dict) else None
    return None if table is None else _table(table, _Place("tool.dagprof", str(file)))


def _relative_to(folder: Path, start: Path, found: Entries) -> Entries:
    """Resolve paths in a file relative to the file's folder, as other tools do."""
    if folder == start:
        return found
    result = dict(found)
    for key in (*_PATHS, f"{_CHECK}.baseline"):
        text = found[key].value if key in found else None
        if (
            isinstance(text, str)
            and not text.startswith("~")
            and (key != "python" or _is_path(folder, text))
        ):
            result[key] = Entry(str(folder / text), found[key].source)
    if (entry := found.get("pythonpath")) is not None and isinstance(entry.value, tuple):
        paths = tuple(text if text.startswith("~") else str(folder / text) for text in entry.value)
        result["pythonpath"] = Entry(paths, entry.source)
    return result


def _is_path(folder: Path, text: str) -> bool:
    """Whether an interpreter is given as a path. A plain name is looked up on PATH."""
    return "/" in text or os.path.exists(folder / text)


def _table(value: object, place: _Place) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise UsageError(
            f"Invalid value for {place}: expected a table, got {validation.word_of(value)}."
        )
    return dict(value)


def _top(
    values: Mapping[str, object], shape: type[msgspec.Struct], place: _Place, file: str
) -> Entries:
    found: Entries = {}
    for field, (key, value) in _known(values, _names(shape), place).items():
        if field == _GATE:
            found |= _gate(value, place.table(_GATE))
        elif field == _CHECK:
            below = place.table(_CHECK)
            for name, (written, item) in _known(
                _table(value, below), _names(Checks), below
            ).items():
                checked = validation.value(Checks, name, item, str(below), written)
                found[f"{_CHECK}.{name}"] = Entry(checked, str(below))
        elif field in _LISTS:
            below = place.table(field)
            found[field] = Entry(_list(value, field, below, file), str(below))
        else:
            found[field] = Entry(validation.value(shape, field, value, str(place), key), str(place))
    return found


def _gate(value: object, place: _Place) -> Entries:
    found: Entries = {}
    for field, (key, item) in _known(_table(value, place), _names(Policy), place).items():
        if field == "rules":
            below = place.table("rules")
            found |= {
                f"{_GATE}.rules.{rule}": Entry(level, str(below))
                for rule, level in _rules(item, below).items()
            }
        else:
            found[f"{_GATE}.{field}"] = Entry(
                validation.value(Policy, field, item, str(place), key), str(place)
            )
    return found


def _rules(value: object, place: _Place) -> dict[str, Level]:
    known = [rule.value.replace("-", "_") for rule in Rule]
    return {
        field.replace("_", "-"): validation.converted(item, Level, str(place), key)
        for field, (key, item) in _known(_table(value, place), known, place).items()
    }


def _list(value: object, field: str, place: _Place, file: str) -> tuple[Override | Waiver, ...]:
    if not isinstance(value, list):
        raise UsageError(
            f"Invalid value for {place}: expected a list of tables, got"
            f" {validation.word_of(value)}."
        )
    return tuple(
        _item(item, _LISTS[field], place.item(number), file) for number, item in enumerate(value, 1)
    )


def _item(
    value: object, shape: type[Override | Waiver], place: _Place, file: str
) -> Override | Waiver:
    fields: dict[str, Any] = {}
    for field, (key, item) in _known(_table(value, place), _names(shape), place).items():
        if field == "rules":
            fields[field] = {
                Rule(rule): level for rule, level in _rules(item, place.table("rules")).items()
            }
        else:
            fields[field] = validation.value(shape, field, item, str(place), key)
    for field in validation.COMPANIONS[shape]:
        if field not in fields:
            raise UsageError(f"Missing key `{field}` in {place}.")
    if shape is Waiver:
        fields["file"] = file
    return shape(**fields)


def _known(
    values: Mapping[str, object], known: list[str], place: _Place
) -> dict[str, tuple[str, object]]:
    """The known keys of a table, by field name: the key as written and its value."""
    found: dict[str, tuple[str, object]] = {}
    for key, value in values.items():
        field = key.replace("-", "_")
        if field not in known:
            raise UsageError(
                f"Unknown key `{validation.shown(key)}` in {place}; {_meant(field, known, place)}"
            )
        if field in found:
            raise UsageError(
                f"`{found[field][0]}` and `{key}` in {place} are the same key. Remove one of the"
                " two keys."
            )
        found[field] = (key, value)
    return found


def _meant(field: str, known: list[str], place: _Place) -> str:
    """A hint for an unknown key: the key, or the table of the key, that the user may have meant."""
    if _GATE in known and field in _names(Policy):
        return f"this key belongs in [{place.table(_GATE).name}]."
    if _GATE in known and field == "tool" and not place.name:
        return "omit `tool.dagprof` from table names in dagprof.toml."
    return _nearest(field, {name: name.replace("_", "-") for name in known}, "keys")


def _nearest(name: str, known: Mapping[str, str], kind: str) -> str:
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return (
        f"did you mean `{known[found[0]]}`?"
        if found
        else f"known {kind}: {', '.join(known.values())}."
    )


def _names(shape: type[msgspec.Struct]) -> list[str]:
    return [field for field in shape.__struct_fields__ if field not in _OWN]
