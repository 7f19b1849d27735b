"""The source of the DAG files at the time of the measurement. A file that changed later has no
source.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

from dagprof import bounded
from dagprof.attribution.sourcelines import source_text, with_line_feeds
from dagprof.model import FileResult, Run
from dagprof.redaction import Redactor
from dagprof.report.escape import safe_lines

# The maximum length of one file. A program wrote longer files.
LONGEST = 120_000
ARCHIVE = "The report does not show source code from zip archives."
CHANGED = "The source file was changed or moved after the measurement."


def source_of(run: Run, file: FileResult) -> tuple[str | None, str]:
    """The text of the source file, or a sentence with the reason why the text is missing."""
    try:
        place = Path(run.root, file.path)
        if not os.path.isfile(place) or place.stat().st_size != file.size_bytes:
            return None, CHANGED
        data = bounded.source(place)
    except (OSError, ValueError):
        return None, "dagprof could not read the source file when dagprof wrote the report."
    if hashlib.sha256(data).hexdigest() != file.sha256:
        return None, CHANGED
    if zipfile.is_zipfile(place):
        return None, ARCHIVE
    try:
        text = with_line_feeds(source_text(data))
    except UnicodeError:
        return None, "The source file is not valid text."
    if len(text) > LONGEST:
        return None, f"The source file is too long to show ({len(text):,} characters)."
    return safe_lines(Redactor().source(text), LONGEST), ""
