"""A verdict as HTML report. The decision is at the top, and charts compare both versions of each
changed file.
"""

from __future__ import annotations

import msgspec

from dagprof.analyse.comparison import Comparison, tell
from dagprof.analyse.fleet import Fleet
from dagprof.gate.verdict import Verdict
from dagprof.model import Run
from dagprof.report import html


def render(verdict: Verdict, base: Run, head: Run, *, with_source: bool) -> str:
    """The HTML report of the new version, compared with the old version. All judgements come from
    the verdict.
    """
    return html.render(
        head,
        fleet=Fleet(head),
        comparison=_told(tell(base, head, {}), verdict),
        baseline=base,
        verdict=verdict,
        with_source=with_source,
    )


def _told(compared: Comparison, verdict: Verdict) -> Comparison:
    """The comparison, with the reason of the gate for each file."""
    files = {file.path: file for file in verdict.files}
    told: Comparison = msgspec.structs.replace(
        compared,
        files=tuple(
            msgspec.structs.replace(
                each, outcome=files[each.path].outcome, reason=files[each.path].reason
            )
            for each in compared.files
            if each.path in files
        ),
    )
    return told
