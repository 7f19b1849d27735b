"""The parse times of a deployment in the HTML report."""

from __future__ import annotations

from dagprof.analyse.production import compare
from dagprof.model import Run
from dagprof.report import production
from dagprof.report.page.one_file import address

Row = dict[str, object]
_ROWS, _FILES = 200, 100


def build(run: Run) -> Row | None:
    """All values of the section. None without figures of a deployment."""
    found = compare(run)
    if found is None or run.production is None:
        return None
    texts = production.rows(found, _ROWS)
    timed = [row for row in found.rows if row.there.parse_ms is not None]
    known = {file.path for file in run.files}
    return {
        "title": production.title(run.production, len(texts)),
        "sentences": production.sentences(run.production, found),
        "rows": [
            {**text._asdict(), "address": address(row.path) if row.path in known else ""}
            for row, text in zip(timed, texts, strict=False)
        ],
        "failing": production.failing(found, _FILES),
        "only_here": production.unmatched(found, _FILES),
    }
