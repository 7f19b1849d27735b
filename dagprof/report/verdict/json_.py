"""A verdict as JSON: everything it holds, for programs. ``schema_version`` says which schema it
follows.
"""

from __future__ import annotations

import re

import msgspec

from dagprof.gate.verdict import SCHEMA_VERSION, Verdict
from dagprof.surrogates import without_surrogates

# Controls and marks of direction, which would steer a terminal; JSON has an escape for each.
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def render(verdict: Verdict, *, prefix: str = "") -> str:
    """The document. Paths stay as they are in the bundle, whatever the prefix."""
    # Values that are the default are left out; the version is none that may be.
    document = {"schema_version": verdict.schema_version, **msgspec.to_builtins(verdict)}
    return _UNSEEN.sub(
        lambda match: f"\\u{ord(match[0]):04x}", indented(without_surrogates(document))
    )


def indented(value: object) -> str:
    """A value as JSON that people can read too."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8") + "\n"


def schema() -> dict[str, object]:
    """The JSON Schema of a verdict."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"dagprof verdict, schema version {SCHEMA_VERSION}",
        **msgspec.json.schema(Verdict),
    }
