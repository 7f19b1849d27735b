"""Reports about a verdict, one module for each format. All formats except the terminal are pure
functions that convert a verdict into text.
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
    """The verdict in one of ``FORMATS``. ``prefix`` is the path from the root of the repository to
    the bundle root, such as ``dags/``.

    :raises UsageError: the format is unknown.
    """
    if format_name not in FORMATS:
        raise UsageError(f"Unknown format {format_name!r}. Choose from {', '.join(FORMATS)}.")
    return FORMATS[format_name].text(VerdictReport(verdict, prefix=prefix))
