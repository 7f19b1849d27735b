"""A verdict as the HTML report: the decision on top, and the gate's outcome for each file, with
pictures of both sides.
"""

from __future__ import annotations

import msgspec

from dagprof.analyse.comparison import Comparison, tell
from dagprof.analyse.fleet import Fleet
from dagprof.gate.verdict import Verdict
from dagprof.model import Run
from dagprof.report import html


def render(verdict: Verdict, base: Run, head: Run, *, with_source: bool) -> str:
    """The page of the new side, compared with the old side. It takes all judgements from the
    verdict.
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
    """The comparison with the gate's reason for each file."""
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
