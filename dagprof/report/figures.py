"""Texts for figures and reasons. All reports use these texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dagprof.analyse.owners import by_kind
from dagprof.analyse.stages import split_load
from dagprof.model import (
    COMPOSED,
    Access,
    Effect,
    FileResult,
    Run,
    SkippedFile,
    SkipReason,
    Status,
)
from dagprof.quantities import count, duration
from dagprof.report.escape import safe_text

# ``gc`` is the garbage collection of the load stage; it is known only for traced files.
STAGES = ("Airflow", "imports", "gc", "top-level", "bag", "serialise", "exit")

# Shorter times show as 0.0 ms.
SMALLEST_MS = 0.05
# The most files that a sentence names as examples.
_FEW = 3
# The most characters of a value in a sentence: templates may be pages long.
_VALUE = 60

_WORDS = {
    Status.OK: "ok",
    Status.NO_DAGS: "no DAGs",
    Status.IMPORT_ERROR: "import error",
    Status.NEEDS_ANSWER: "needs an answer",
    Status.TIMED_OUT: "timed out",
    Status.OUT_OF_MEMORY: "out of memory",
    Status.KILLED: "killed",
    Status.EXITED: "exited by itself",
    Status.HELD: "output held open",
    Status.LOST: "DAGs not sent",
    Status.UNREADABLE: "unreadable",
    Status.SKIPPED: "skipped",
}

_ANSWERS = {
    "environment": "value from the environment",
    "file": "value from a file",
    "default": "default value",
    "stub": "placeholder value",
    "missing": "no value",
    "ignored": "write ignored",
}


def status(value: Status) -> str:
    """The text of a status."""
    return _WORDS[value]


def causes(run: Run, most: int = 6) -> str:
    """The largest kinds of causes with their shares of the parse loop: ``imports 62 %, …``. Empty
    without traced files.
    """
    found = by_kind(run)
    total = sum(found.values())
    if found.get("untraced", 0.0) >= 0.5 * total:
        return ""
    shown = [f"{name} {ms / total:.0%}" for name, ms in found.items() if ms >= 0.01 * total]
    return ", ".join(shown[:most])


def statement_place(row: Mapping[str, object]) -> str:
    """The place of a row of ``statements_frame``. For a file in an archive, the place contains the
    path in the archive.
    """
    return (
        safe_text(f"{row['path']}/{row['member']}" if row["member"] else str(row["path"]))
        + f":{row['line']}"
    )


def answer(access: Access) -> str:
    """The source of the value that a Variable or Connection got, in words."""
    return _ANSWERS.get(access.answered_by) or safe_text(access.answered_by, 20)


def in_threads(effect: Effect) -> str:
    """`` in 8 threads`` if other threads than the parsing thread had the effect. Otherwise, the
    text is empty. The times of such threads overlap.
    """
    if not effect.threads:
        return ""
    return f" in {effect.threads} threads" if effect.threads > 1 else " in a thread"


def stages(file: FileResult) -> tuple[float, ...]:
    """The median time of each stage in ms, in the order of ``STAGES``."""
    median = file.samples.median
    return (
        median("airflow_ms"),
        *split_load(file),
        median("bag_ms"),
        median("serialise_ms"),
        median("exit_ms"),
    )


def stage_names(file: FileResult) -> tuple[str, ...]:
    """The stage names of one file. Without a trace, dagprof cannot divide the load stage."""
    return (
        STAGES
        if file.trace is not None
        else tuple("load" if name == "top-level" else name for name in STAGES)
    )


def occurring(files: Iterable[FileResult]) -> list[int]:
    """The positions of the stages that take a visible time in at least one of the files."""
    longest = [max(column) for column in zip(*map(stages, files), strict=True)]
    return [position for position, ms in enumerate(longest) if ms >= SMALLEST_MS]


def why_failed(file: FileResult) -> str:
    """The reason why a file produces no DAGs, in one line, with the original exception."""
    if not file.failures:
        return file.detail or status(file.status)
    failure = file.failures[0]
    text = f"{failure.type}: {failure.message}" if failure.type else failure.message
    if file.unanswered:
        return f"{file.what_it_needs}. Without a value, the parse fails: {text}"
    return f"{text} (caused by {failure.cause})" if failure.cause else text


def parsing_processes(run: Run) -> int:
    """The number of parsing processes in Airflow's configuration."""
    try:
        return max(1, int(run.environment.airflow_config.get("parsing_processes", "1")))
    except ValueError:
        return 1


def _round_ms(run: Run) -> float:
    """The minimum time in ms in which Airflow's parsing processes can parse all files once. One
    file is always parsed by one process.
    """
    longest = max((file.parse_ms for file in run.files), default=0.0)
    return max(longest, run.total_parse_ms / parsing_processes(run))


def headline(run: Run) -> str:
    """The first sentences of all reports: the number of files and DAGs, and their parse time."""
    failed = sum(file.status.is_broken for file in run.files)
    dags = sum(len(file.dag_ids) for file in run.files)
    processes = parsing_processes(run)
    per_process = (
        f" (at least {duration(_round_ms(run))} with {processes} parsing processes)"
        if processes > 1 and len(run.files) > 1
        else ""
    )
    take = "takes" if len(run.files) == 1 else "take"
    text = (
        f"{count(len(run.files), 'file')} with {count(dags, 'DAG')} {take}"
        f" {duration(run.total_parse_ms)} to parse once{per_process}"
    )
    if failed:
        text += f". {count(failed, 'file')} could not be loaded"
    if untimed := [file for file in run.files if file.status.is_broken and not file.is_timed]:
        text += f". The parse time excludes {_without_time(untimed)}"
    if needy := sum(file.status is Status.NEEDS_ANSWER for file in run.files):
        lacks = "needs a value" if needy == 1 else "need values"
        text += f". {count(needy, 'file')} {lacks} that dagprof does not have"
    return f"{text}."


def _without_time(files: Sequence[FileResult]) -> str:
    """The files without a parse time: files that exceeded dagprof's time limit, and files that
    crashed. A file that exceeded Airflow's own timeout has a parse time.
    """
    number = count(len(files), "file")
    if all(file.status is Status.TIMED_OUT for file in files):
        return f"{number} that exceeded dagprof's time limit"
    return f"{number} that crashed during the parse"


def busy(run: Run) -> str:
    """A warning that the machine was busy. Empty if the parses waited little for a CPU."""
    if not run.was_busy:
        return ""
    total, queued = duration(run.total_parse_ms), duration(run.total_queued_ms)
    return (
        f"This machine was busy: the parses spent {queued} of {total} waiting for a CPU."
        " Import times, statement times, savings and comparisons cover only the remaining"
        f" {duration(run.total_own_ms)}. Repeat the scan on a quieter machine."
    )


def spread(file: FileResult) -> str:
    """The width of the noise in ms. For a single parse, the text is ``-``."""
    return f"{file.samples.spread_ms:.0f}" if len(file.samples) > 1 else "-"


def unstable(file: FileResult) -> str:
    """One sentence about the differences between parses of a file."""
    found = file.instabilities[0]
    more = len(file.instabilities) - 1
    if found.is_existence:
        doubled = f" (and {count(more, 'more difference')})" if more else ""
        there = "is missing" if found.first == "there" else "exists only"
        some = f"{there} {found.under.where}" if found.under else "exists only in some parses"
        return safe_text(f"{file.path}: DAG {found.dag_id} {some}{doubled}.", 600)
    differ = "differs" if more == 1 else "differ"
    fields = f" {count(more, 'more field')} also {differ}." if more else ""
    return safe_text(
        f"{file.path}: in DAG {found.dag_id}, the field {found.field} differs between"
        f" {found.under.between}. First value: {safe_text(found.first, _VALUE)}. Second value:"
        f" {safe_text(found.second, _VALUE)}.{fields} {NEW_VERSION}",
        600,
    )


NEW_VERSION = "Airflow 3 stores each variant as a new DAG version."
ANSWERS = (
    "The failures depend on values that dagprof made up, so the files may be correct. To supply"
    " real values, write a template with `dagprof scan … --write-variables FILE`, then fill in the"
    " template."
)
NOT_TRACED = "No file was traced. To trace all files, use --depth full."


def is_traced(run: Run) -> bool:
    """Whether the Run contains at least one traced file."""
    return any(file.trace is not None for file in run.files)


def untraced(run: Run) -> str:
    """A sentence about files that load so quickly that dagprof did not trace them. Empty if there
    are no such files.
    """
    # All notes except the note on a composed time may explain why a slow file has no trace.
    quick = sum(
        file.is_timed
        and file.trace is None
        and all(doubt.code == COMPOSED for doubt in file.doubts)
        for file in run.files
    )
    if not quick or run.settings.get("depth") == "quick":
        return ""
    what = "loads quickly" if quick == 1 else "load quickly"
    return (
        f"dagprof did not trace {count(quick, 'file')} that {what}. To trace all files, use"
        " --depth full."
    )


def left_out(run: Run) -> list[str]:
    """Sentences about files that the figures do not cover: files without DAGs, skipped files and
    untraced files.
    """
    return [line for line in (without_dags(run), *skipped(run), untraced(run)) if line]


def without_dags(run: Run) -> str:
    """A sentence about the files that define no DAG. Empty if there are no such files."""
    found = [file.path for file in run.files if file.status is Status.NO_DAGS]
    if not found:
        return ""
    named = ", ".join(safe_text(path, 80) for path in found[:3]) + (
        " and others" if len(found) > 3 else ""
    )
    do = "loads without errors but defines" if len(found) == 1 else "load without errors but define"
    return f"{count(len(found), 'file')} {do} no DAG: {named}."


def skipped(run: Run) -> list[str]:
    """The files that Airflow does not parse, in one sentence for each reason."""
    groups: dict[SkipReason, list[SkippedFile]] = {}
    for file in sorted(run.skipped, key=lambda file: _is_loaded(run, file)):
        groups.setdefault(file.reason, []).append(file)
    return [_skipped(reason, groups[reason]) for reason in SkipReason if reason in groups]


def _is_loaded(run: Run, file: SkippedFile) -> bool:
    """Whether a measured file imports this file. The file is then a helper."""
    return any(module.file == f"{run.root.rstrip('/')}/{file.path}" for module in run.modules)


def _skipped(reason: SkipReason, files: Sequence[SkippedFile]) -> str:
    number = count(len(files), "file")
    if reason is SkipReason.IGNORED:
        return f"Airflow skips {number} because of .airflowignore."
    if reason is SkipReason.SAFE_MODE:
        named = _few(
            [f"{file.path} (lacks {file.detail})" if file.detail else file.path for file in files]
        )
        one = "the file" if len(files) == 1 else "one of these files"
        return (
            f"Airflow's safe mode skips {number}: {named}. If {one} defines DAGs, add a comment"
            " with the missing words to the file."
        )
    if reason is SkipReason.BROKEN_LINK:
        named = _few([f"{file.path} (to {file.detail})" for file in files])
        broken = count(len(files), "broken symbolic link")
        return safe_text(f"Airflow skips {broken}: {named}.", 600)
    named = _few([file.path for file in files])
    return safe_text(f"Airflow skips {number}: {named}. Reason: {files[0].why}.", 600)


def _few(names: Sequence[str]) -> str:
    """The first names of a list, and the number of the remaining names."""
    more = len(names) - _FEW
    return ", ".join(safe_text(name, 120) for name in names[:_FEW]) + (
        f" and {more} more" if more > 0 else ""
    )
