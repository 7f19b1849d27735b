"""The notes of a summary. If several files share a note, one line covers all of these files."""

from __future__ import annotations

from collections.abc import Sequence

from dagprof.analyse.causes import shortened
from dagprof.model import COMPOSED, FileResult, Run
from dagprof.quantities import count, span
from dagprof.report import figures
from dagprof.report.escape import safe_text
from dagprof.report.text import plugins

# The most notes of single files; `dagprof explain FILE` and the report show all of them in full.
LIMIT = 10
_NAMED = 3
_NARROWEST = 100
# The notes on the time budget and on shared packages already count these files.
_TOLD_ELSEWHERE = ("one-parse", COMPOSED)
# Notes whose text differs from file to file, and their most characters.
_LOGGED, _MOST_LOGGED = "logged-exception", 400
# Notes whose text is the same for one file and for many.
_ALWAYS_TOGETHER = ("stubbed", "busy")
_TITLES = {
    "busy": "Parses waited for a busy CPU, so compare CPU times instead of wall times",
    "closed-descriptors": "Files that close file descriptors of other code",
    "conditions": "Parses failed with another day, host, user or environment",
    "cut-short": "Files that dagprof did not analyse completely, because the time budget ran out",
    "drift": "Parse times drift, because each parse affects the next parse",
    "inconsistent": "Parses of the same file had different outcomes",
    "left-out": "Files whose imports, lookups or effects dagprof recorded only in part",
    "leftover-processes": "Files whose parses left processes running, which dagprof then ended",
    _LOGGED: "Files whose code logs an exception and continues",
    "lost-dag": "Files that create DAGs that Airflow does not find",
    "no-stacks": "Files whose call stacks dagprof did not sample",
    "no-statements": "Files whose statements dagprof did not time",
    "no-trace": "Files whose imports and statements dagprof did not trace",
    "noisy": "Parse times vary widely",
    "not-parsed-by-airflow": (
        "Files that Airflow skips and that dagprof parsed because of --no-safe-mode"
    ),
    "one-parse": "Files that dagprof parsed only once to save time",
    "same-dag-id": "Files that define the same DAG as another file",
    "stubbed": (
        "Files that read Variables or Connections without a value and got placeholder values"
    ),
    "waits-in-vain": "Parses waited for servers that do not respond to this machine",
}


def of_summary(run: Run, width: int) -> list[str]:
    """All notes of a Run for a console of this width. Notes on the Run are complete. Notes on files
    take one line each.
    """
    lines = [
        *figures.left_out(run),
        *(safe_text(doubt.text, 400) for doubt in run.doubts),
        *plugins.failed(run),
    ]
    most = max(width, _NARROWEST) - 2
    lines += [safe_text(line, most) for line in _instabilities(run)]
    groups = by_code(run)
    shared = [
        code
        for code, files in groups.items()
        if (len(files) > 1 and code != _LOGGED) or code in _ALWAYS_TOGETHER
    ]
    lines += [together(code, groups[code], most) for code in shared if code not in _TOLD_ELSEWHERE]
    single = [
        safe_text(f"{file.path}: {doubt.text}", _MOST_LOGGED if doubt.code == _LOGGED else most)
        for file in run.files
        for doubt in file.doubts
        if doubt.code not in (*shared, *_TOLD_ELSEWHERE)
    ]
    lines += single[:LIMIT]
    if len(single) > LIMIT:
        lines.append(f"For {count(len(single) - LIMIT, 'more note')}, see the report.")
    return lines


def by_code(run: Run) -> dict[str, list[FileResult]]:
    """The files of each note code, in the order in which the codes first occur."""
    groups: dict[str, list[FileResult]] = {}
    for file in run.files:
        for code in dict.fromkeys(doubt.code for doubt in file.doubts):
            groups.setdefault(code, []).append(file)
    return groups


def together(code: str, files: Sequence[FileResult], most: int = 300) -> str:
    """One note for all files that share the note, such as ``Parse times vary widely: 12 files; the
    times of a.py vary most (2.7 to 6.1 s)``.

    The note names as many files as fit into ``most`` characters.
    """
    found = f"{_TITLES.get(code, code)}: {count(len(files), 'file')}"
    timed = [file for file in files if file.is_timed]
    if code == "noisy" and timed:
        worst = max(timed, key=_width_ms)
        times = worst.samples.wall_ms
        return (
            f"{found}; the times of {safe_text(worst.path, 60)} vary most"
            f" ({span(min(times), max(times))})"
        )
    paths = [safe_text(file.path, 60) for file in files]
    texts = [f"{found} ({shortened(paths, number)})" for number in range(_NAMED, 0, -1)]
    return next((text for text in texts if len(text) <= most), found)


def _width_ms(file: FileResult) -> float:
    return max(file.samples.wall_ms) - min(file.samples.wall_ms)


def _instabilities(run: Run) -> list[str]:
    unstable = [file for file in run.files if file.instabilities]
    if len(unstable) < 2:
        return [figures.unstable(file) for file in unstable]
    named = shortened([safe_text(file.path, 60) for file in unstable], _NAMED)
    found = f"DAGs that differ between parses: {count(len(unstable), 'file')} ({named})"
    return [f"{found}. For details, run `dagprof explain FILE`"]
