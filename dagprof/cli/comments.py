"""Comments in the user's sources that accept findings of the gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dagprof.model import Run


def waivers(run: Run) -> tuple[list[Any], list[str]]:
    """The waivers in the user's sources of a Run, and what is wrong with some."""
    from dagprof.attribution.candidates import shown_path
    from dagprof.gate.waivers import in_source
    from dagprof.model import Origin

    files = {file.path: Path(run.root) / file.path for file in run.files}
    files |= {shown_path(m.file, run.root): Path(m.file) for m in run.modules if m.origin is Origin.USER and m.file}
    found: list[Any] = []
    wrong: list[str] = []
    for shown, path in files.items():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if "dagprof:" in text:
            here, errors = in_source(text, shown)
            found += here
            wrong += errors
    return found, wrong
