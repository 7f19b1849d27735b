"""Reports of a verdict, one format per file. All except the terminal's are pure functions from a
Verdict to text.
"""

from __future__ import annotations

from dagprof.errors import UsageError
from dagprof.gate.verdict import Verdict
from dagprof.report.formats import VERDICTS, Format, VerdictReport

# The formats that need only a verdict.
FORMATS: dict[str, Format[VerdictReport]] = {
    name: each for name, each in VERDICTS.items() if not each.needs_runs
}


def write(format_name: str, verdict: Verdict, *, prefix: str = "") -> str:
    """The verdict in one of ``FORMATS``. ``prefix`` leads from the repository's root to the bundle
    root, such as ``dags/``.

    :raises UsageError: there is no such format.
    """
    if format_name not in FORMATS:
        raise UsageError(f"Unknown format {format_name!r}. Choose from {', '.join(FORMATS)}.")
    return FORMATS[format_name].text(VerdictReport(verdict, prefix=prefix))
