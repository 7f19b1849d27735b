"""Report: a Run, with its comparison if there is one, in a format of ``report.formats``."""

from __future__ import annotations

from pathlib import Path

from dagprof.analyse import comparison
from dagprof.errors import UsageError
from dagprof.model import Run
from dagprof.practices.checking import Checked
from dagprof.report.formats import RUNS, RunReport
from dagprof.store import runs
from dagprof.usecases.scan import Scanned

PAGE = "report.html"


def report(
    run: Run, baseline: Run | None = None, *, kind: str = "html", with_source: bool = True
) -> str:
    """The text of a stored Run's report, compared with ``baseline`` if there is one.

    ``kind`` is a key of ``RUNS``; ``with_source`` includes the source of the DAG files.

    :raises UsageError: there is no such format.
    """
    if kind not in RUNS:
        raise UsageError(f"Unknown format {kind!r}. Choose from {', '.join(RUNS)}.")
    compared = comparison.compare(baseline, run) if baseline is not None else None
    scanned = Scanned(run, baseline, compared)
    return RUNS[kind].text(_subject(scanned, with_source=with_source))


def write_page(
    scanned: Scanned, folder: Path, *, with_source: bool, checked: Checked | None = None
) -> Path:
    """Write the page of a scan, with its comparison, its verdict and the findings of the practice
    rules, to ``folder``. Return the path of the page.

    :raises OutputError: the file cannot be written.
    """
    subject = _subject(scanned, with_source=with_source)._replace(checked=checked)
    text = RUNS["html"].text(subject)
    runs.write_atomically(folder / PAGE, text.encode("utf-8"))
    return folder / PAGE


def _subject(scanned: Scanned, *, with_source: bool) -> RunReport:
    return RunReport(
        scanned.run,
        scanned.fleet,
        scanned.comparison,
        scanned.baseline,
        scanned.verdict,
        scanned.others,
        with_source=with_source,
    )
