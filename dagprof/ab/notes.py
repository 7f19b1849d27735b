"""Notes about what an A/B run left out, or measured with the same code on both sides."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from dagprof.ab import affected, revision
from dagprof.ab.question import Duel
from dagprof.ab.revision import Difference
from dagprof.config import configuration
from dagprof.config.settings import Settings
from dagprof.quantities import count


def about_history(difference: Difference) -> list[str]:
    """The note that a shallow clone lacks the merge base."""
    if not difference.lacks_history:
        return []
    text = (
        "This shallow clone does not contain the merge base, so the gate uses"
        f" {difference.described} itself as the base version. To use the merge base, run `git"
        " fetch --unshallow`."
    )
    return [text]


def about_same_code(same: Collection[Path], difference: Difference) -> list[str]:
    """The note on changed files that compile to the same code."""
    if not same:
        return []
    first = min(same).relative_to(difference.top)
    if len(same) == 1:
        return [f"Only comments or layout changed in {first}; the code is the same."]
    text = (
        f"Only comments or layout changed in {len(same)} files, such as {first}; the code is the"
        " same."
    )
    return [text]


def about_links(linked: Sequence[str]) -> list[str]:
    """The note on DAG files that symbolic links lead out of the repository."""
    if not linked:
        return []
    what = (
        f"the DAG file {linked[0]}"
        if len(linked) == 1
        else f"{count(len(linked), 'DAG file')} such as {linked[0]}"
    )
    text = (
        f"The gate did not compare {what}, because a symbolic link in the path leads out of the"
        " repository. git stores no base version of files outside the repository. To compare such"
        " files, use --baseline."
    )
    return [text]


def about_environment(difference: Difference, *, has_own_python: bool) -> list[str]:
    """The note that both versions used the packages of one interpreter."""
    changed = affected.environment_changes(difference.changed)
    if not changed or has_own_python:
        return []
    text = (
        f"{changed[0].relative_to(difference.top)} changed, but dagprof measured both versions"
        " with the same installed packages. To measure the base version with other packages, use"
        " --against-python."
    )
    return [text]


def about_limits(difference: Difference, tree: Path, settings: Settings) -> list[str]:
    """Note that changed limits apply only to the measured files."""
    if settings.config_file is None:
        return []
    file = Path(settings.config_file)
    now, before = (
        configuration.limits_in(path) for path in (file, revision.moved(file, difference.top, tree))
    )
    if now == before or difference.top not in file.parents:
        return []
    name = file.relative_to(difference.top)
    text = (
        f"The limits in {name} changed. The gate applies the new limits only to the measured"
        " files. To apply the limits to every file, use --all-files."
    )
    return [text]


def about_shared_code(found: Duel, difference: Difference, tree: Path) -> list[str]:
    """Note code of the working tree that the base loaded too. Such code is installed in place, so
    it is the same on both sides.
    """
    top = str(difference.top) + os.sep
    shared = sorted({module.file for module in found.base.modules if module.file.startswith(top)})
    shared = [
        file for file in shared if not file.startswith(str(tree)) and "site-packages" not in file
    ]
    if not shared:
        return []
    file = shared[0][len(top) :]
    return [
        (
            f"In both versions, Python imports {file} from the working tree. dagprof therefore"
            f" measured both versions with the new {file}."
        )
    ]
