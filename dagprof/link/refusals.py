"""Messages for files that Airflow refuses to list or to parse, each with the next step."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from dagprof.link.messages.zygote import Failed, Twice
from dagprof.model import SkippedFile, SkipReason
from dagprof.quantities import count

_SHOWN = 3
_WORDS = {
    "discover": "list the DAG files",
    "describe": "find out which distributions contain the imported modules",
    "pre_import": "import the modules that the DAG files name",
    "prices": "run its DAG processor",
}
_HELPER = "If the file is a helper module, give a DAG file that imports the helper module."
_WAYS = {
    SkipReason.IGNORED: (
        f"If the file defines DAGs, remove the pattern from .airflowignore. {_HELPER}"
    ),
    SkipReason.SAFE_MODE: (
        "If the file defines DAGs, add the words that safe mode requires, or use --no-safe-mode."
        f" {_HELPER}"
    ),
    SkipReason.CALLABLE: (
        "If the file defines DAGs, change the function set in might_contain_dag_callable, or use"
        " --no-safe-mode."
    ),
    SkipReason.OTHER_FORMAT: "Give a DAG file.",
    SkipReason.UNEXAMINED: "Fix this error so that Airflow can parse the file.",
    SkipReason.BROKEN_LINK: "Create the missing file, or correct the link.",
}


def failed(operation: str, answer: Failed, root: Path) -> str:
    """Why the probe could not do an operation, from its answer."""
    if answer.twice is not None:
        return _listed_twice(answer.twice, root)
    return f"Airflow could not {_WORDS.get(operation, operation)} ({answer.failed.rstrip('.')})."


def _listed_twice(twice: Twice, root: Path) -> str:
    """Airflow stops if two paths lead to one folder: a loop, or a link next to its target, as
    git-sync makes it.
    """
    link, first, second = twice.link, twice.first, twice.second
    if twice.is_loop:
        return (
            f"Airflow finds no DAG files in {root}, because the symbolic link {link} points to a"
            f" folder that contains this link. Remove the link, or add {link} to .airflowignore."
        )
    other = second if link == first else first
    is_synchronised = other.startswith(".") and "/" not in link
    way_out = (
        f"Give {root / link} as the DAG folder, or add {other.partition('/')[0]} to .airflowignore."
        if is_synchronised
        else "Add one of the two folders to .airflowignore."
    )
    return (
        f"Airflow stops searching for DAG files in {root}, because two paths lead to the same"
        f" folder: {first} and {second}. {way_out}"
    )


def no_files(paths: Sequence[Path], skipped: Sequence[SkippedFile]) -> str:
    """Why there is nothing to measure below some paths, by Airflow's reasons for skipping the files
    there.
    """
    if len(paths) == len(skipped) == 1 and os.path.isfile(paths[0]):
        return f"Airflow does not parse {paths[0]}: {skipped[0].why}. {_WAYS[skipped[0].reason]}"
    where = ", ".join(str(path) for path in paths)
    if not skipped:
        return f"There are no DAG files in {where}. Give the folder that contains the DAG files."
    groups: dict[str, list[str]] = {}
    for file in skipped:
        groups.setdefault(file.why, []).append(file.path)
    reasons = "; ".join(f"{_named(files)}: {why}" for why, files in groups.items())
    return (
        f"There are no DAG files in {where}, because Airflow skips"
        f" {count(len(skipped), 'file')} ({reasons}). Give the folder that contains the DAG files."
        " To measure files that safe mode skips, use --no-safe-mode."
    )


def _named(files: Sequence[str]) -> str:
    more = len(files) - _SHOWN
    return ", ".join(files[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def forced(skipped: SkippedFile) -> str:
    """The note on a file that dagprof measures although safe mode skips it."""
    return (
        f"Airflow does not parse this file: {skipped.why}. dagprof parses the file only because of"
        " --no-safe-mode."
    )
