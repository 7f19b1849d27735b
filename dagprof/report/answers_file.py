"""The template that ``dagprof scan --write-variables`` writes. The template lists the values that
DAG files read and that dagprof does not have.

The file has the sections ``variables``, ``connections`` and ``environment``, which
``measure.lookups`` reads. A null value counts as missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from dagprof.attribution.candidates import shown_path
from dagprof.model import FileResult, Run
from dagprof.report.escape import safe_text

MARK = "dagprof-answers"
SECTIONS = {"variable": "variables", "connection": "connections", "environment": "environment"}
_UNANSWERED = ("stub", "missing", "default")
_FIELDS = ("conn_type", "host", "schema", "login", "password", "port", "extra")
_MOST_PLACES = 5
# YAML requires a question mark before longer keys.
_LONGEST_KEY = 1_000
_HEAD = """\
# DAG files below {root} read these Variables, Connections and environment variables
# during parsing, but dagprof has no values for these names.
# Replace null where a DAG file needs a value. Then pass this file to dagprof:
#   dagprof scan … --variables {name} --connections {name}
# Both options also read the section `environment`. Do not commit passwords.
"""

Places = dict[str, dict[str, list[str]]]


def places(run: Run) -> Places:
    """The names in each section, each with the places that read the name."""
    found: Places = {section: {} for section in SECTIONS.values()}
    for file in run.files:
        for kind, key, source, line in _asked(file):
            place = f"{shown_path(source, run.root)}:{line}"
            known = found[SECTIONS[kind]].setdefault(key, [])
            if place not in known:
                known.append(place)
    return {section: dict(sorted(names.items())) for section, names in found.items()}


def _asked(file: FileResult) -> Iterable[tuple[str, str, str, int]]:
    for access in file.accesses:
        if (
            access.operation == "get"
            and access.answered_by in _UNANSWERED
            and access.kind in SECTIONS
        ):
            yield access.kind, access.key, access.file, access.line
    for each in file.unanswered:
        if each.kind in SECTIONS:
            yield each.kind, each.key, each.file, each.line


def render(run: Run, name: str) -> str:
    """The template as text. If ``name`` ends in ``.json``, the text is JSON, and a separate section
    lists the places. Otherwise, the text is YAML.
    """
    found = places(run)
    if name.lower().endswith(".json"):
        document: dict[str, object] = {
            MARK: 1,
            **{section: _empty(section, found[section]) for section in found},
        }
        return json.dumps({**document, "places": found}, indent=2) + "\n"
    lines = [_HEAD.format(root=safe_text(run.root, 200), name=safe_text(name, 200)) + f"{MARK}: 1"]
    for section, names in found.items():
        lines.append(f"\n{section}:" + ("" if names else " {}"))
        for key, asked in names.items():
            more = f" and {len(asked) - _MOST_PLACES} more" if len(asked) > _MOST_PLACES else ""
            lines.append(f"  # {safe_text(', '.join(asked[:_MOST_PLACES]), 400)}{more}")
            lines += _entry(section, key)
    return "\n".join(lines) + "\n"


def _empty(section: str, names: Mapping[str, object]) -> dict[str, object]:
    return {key: dict.fromkeys(_FIELDS) if section == "connections" else None for key in names}


def _entry(section: str, key: str) -> list[str]:
    quoted = json.dumps(key)  # as a YAML key, whatever it contains
    if len(quoted) > _LONGEST_KEY:
        return [f"  ? {quoted}", *_value(section)]
    if section != "connections":
        return [f"  {quoted}: null"]
    return [f"  {quoted}:", *(f"    {field}: null" for field in _FIELDS)]


def _value(section: str) -> list[str]:
    """The lines below a YAML key that is written with a question mark."""
    if section != "connections":
        return ["  : null"]
    return [f"  {':' if field is _FIELDS[0] else ' '} {field}: null" for field in _FIELDS]
