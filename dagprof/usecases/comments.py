"""Comments in the user's sources that accept findings of the gate."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from dagprof import bounded
from dagprof.attribution.candidates import shown_path
from dagprof.attribution.sourcelines import with_line_feeds
from dagprof.config.policy import Waiver
from dagprof.gate.waivers import in_source
from dagprof.model import Origin, Run


def waivers(run: Run) -> tuple[list[Waiver], list[str]]:
    """The waivers in the user's sources of a Run, and the problems with invalid ones."""
    found: list[Waiver] = []
    wrong: list[str] = []
    measured = {file.path: file.sha256 for file in run.files}
    for shown, path in _sources(run).items():
        try:
            data = bounded.source(path)
            text = with_line_feeds(data.decode("utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        # A parse may have written the waiver of its own finding.
        if measured.get(shown, "") not in ("", hashlib.sha256(data).hexdigest()):
            continue
        if "dagprof:" in text:
            here, errors = in_source(text, shown)
            found += here
            wrong += errors
    return found, wrong


def _sources(run: Run) -> Mapping[str, Path]:
    """The DAG files and the user's modules that they load, by the paths that findings use."""
    root = Path(run.root)
    files = {file.path: root / file.path for file in run.files}
    mine = [module for module in run.modules if module.origin is Origin.USER and module.file]
    return files | {shown_path(module.file, run.root): Path(module.file) for module in mine}
