"""A complete verdict as JSON, for programs. ``schema_version`` is the version of the JSON
schema.
"""

from __future__ import annotations

import re

import msgspec

from dagprof.gate.verdict import SCHEMA_VERSION, Verdict
from dagprof.report.escape import json_without_commands
from dagprof.surrogates import without_surrogates

# Control characters and direction marks can change what a terminal shows. JSON has an escape for
# each.
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def render(verdict: Verdict, *, prefix: str = "") -> str:
    """The JSON document. The paths are relative to the bundle root, even with a prefix."""
    # msgspec leaves out default values, so add the version explicitly.
    document = {"schema_version": verdict.schema_version, **msgspec.to_builtins(verdict)}
    return _UNSEEN.sub(
        lambda match: f"\\u{ord(match[0]):04x}", indented(without_surrogates(document))
    )


def indented(value: object) -> str:
    """A value as indented JSON. CI systems find no commands in the text."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8")
    return json_without_commands(text) + "\n"


def schema() -> dict[str, object]:
    """The JSON Schema of a verdict."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"dagprof verdict, schema version {SCHEMA_VERSION}",
        **msgspec.json.schema(Verdict),
    }
