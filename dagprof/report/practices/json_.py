"""The findings as JSON."""

from __future__ import annotations

import msgspec

from dagprof.practices.baseline import fingerprint
from dagprof.practices.checking import Checked
from dagprof.report.verdict.json_ import indented
from dagprof.surrogates import without_surrogates

VERSION = 1


def render(checked: Checked, *, prefix: str = "", version: str = "") -> str:
    """The JSON document. Paths are relative to the bundle root."""
    findings = [
        {**msgspec.to_builtins(each), "line": each.line, "fingerprint": fingerprint(each)}
        for each in checked.findings
    ]
    document = {
        "schema_version": VERSION,
        "dagprof_version": version,
        "files": checked.files,
        "findings": findings,
        "notes": list(checked.notes),
    }
    return indented(without_surrogates(document))
