"""The other side of an A/B run: a commit of the user's repository, and its differences from the
working tree.

File names may hold quotes, line ends and bytes that are not UTF-8. So dagprof reads git's lists of
names with ``-z``, or compares names as a whole. It passes every option of ``git diff`` explicitly,
because the user's configuration may change each default.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import NamedTuple

from unidiff.patch import Hunk, PatchSet

from dagprof import bounded, git
from dagprof.errors import UsageError

_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_ESCAPES = dict(zip('abtnvfr"\\', '\a\b\t\n\v\f\r"\\', strict=True))


class Difference(NamedTuple):
    """The compared versions. ``changed`` are absolute paths in the working tree, also for files
    that only the base has.

    ``renamed`` maps the new path of a file that git takes for renamed to the old path.
    ``lacks_history``: the clone is shallow and lacks the merge base.
    """

    top: Path
    commit: str
    described: str
    changed: tuple[Path, ...]
    renamed: Mapping[Path, Path]
    lacks_history: bool = False


def difference(folder: Path, revision: str) -> Difference:
    """Return the differences between the working tree around ``folder`` and the merge base of
    ``revision`` and HEAD.

    Files that git does not track yet count as changed. Ignored files do not.

    :raises UsageError: no repository, no git, or no such revision.
    """
    shown = git.demand(
        folder,
        "rev-parse",
        "--show-toplevel",
        otherwise="--against needs a git repository, but the DAG files are not in a repository",
        advice="Use --baseline FILE instead.",
    )
    top = Path(shown.strip("\n"))
    commit = _commit(top, revision)
    # If there is no common commit, the revision itself is the base.
    parted = git.ask(top, "merge-base", commit, "HEAD")
    base = parted or commit
    short = base[:10]
    described = f"{revision} ({short})" if base == commit else f"{revision} (merge base {short})"

    listed = git.demand(
        top,
        "diff",
        "--name-status",
        "--find-renames",
        "-z",
        base,
        "--",
        otherwise="git cannot list the changed files",
    )
    untracked = git.demand(
        top,
        "ls-files",
        "--others",
        "--exclude-standard",
        "-z",
        otherwise="git cannot list the new files",
    )
    names, renamed = _listed(listed)
    names |= {name for name in untracked.split("\0") if name}
    return Difference(
        top,
        base,
        described,
        tuple(sorted(top / name for name in names)),
        {top / new: top / old for new, old in renamed.items()},
        not parted and git.ask(top, "rev-parse", "--is-shallow-repository") == "true",
    )


def _commit(top: Path, revision: str) -> str:
    """The hash of the commit that a revision names."""
    advice = "Run `git fetch` first, or give a branch, tag or commit that `git log` shows."
    if revision.startswith("-"):
        raise UsageError(f"{revision!r} is not a revision. {advice}")
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    try:
        named = git.demand(
            top,
            *asked,
            otherwise=f"The repository has no commit {revision!r}",
            advice=advice,
        ).strip("\n")
    except UsageError:
        _refuse_without_commits(top)
        raise
    # ``^HEAD`` is a valid revision too: it excludes commits.
    if not re.fullmatch(r"[0-9a-f]{40,64}", named):
        raise UsageError(f"{revision!r} is not a single commit. {advice}")
    return named


def _refuse_without_commits(top: Path) -> None:
    if not git.ask(top, "rev-list", "--all", "--max-count=1"):
        raise UsageError(
            f"The repository {top} has no commits. Commit the DAG files first, or use --baseline"
            " FILE instead."
        )


def _listed(text: str) -> tuple[set[str], dict[str, str]]:
    """The names in the output of ``git diff --name-status -z``, and the old name of each renamed
    file by its new name.
    """
    fields = iter(text.split("\0"))
    names: set[str] = set()
    renamed: dict[str, str] = {}
    for status in fields:
        if not status:
            break
        name = next(fields)
        names.add(name)
        if status.startswith("R"):
            renamed[new := next(fields)] = name
            names.add(new)
    return names, renamed


def changed_lines(difference: Difference, root: Path) -> dict[str, tuple[int, ...]]:
    """The lines of code in the working tree that are not in the commit, by path relative to
    ``root``.

    A deleted line counts at its former place. Comments and empty lines are left out.
    """
    text = git.ask(
        difference.top,
        "diff",
        "--find-renames",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        "-U0",
        "--relative",
        difference.commit,
        "--",
        str(root),
    )
    found: dict[str, list[int]] = {}
    for file in PatchSet(text):
        lines = [number for hunk in file for number in _lines_of(hunk)]
        if (
            lines and file.target_file != "/dev/null"
        ):  # `is_removed_file` also holds for an emptied file
            path = difference.top / _unquoted(file.target_file).removeprefix("b/")
            found.setdefault(_below(path, root), []).extend(lines)
    return {name: tuple(lines) for name, lines in found.items()}


def _lines_of(hunk: Hunk) -> Iterator[int]:
    """The added lines of code. If a hunk only deletes, the place of the deleted lines."""
    if not hunk.target_length:
        yield max(1, hunk.target_start)
    for line in hunk:
        code = line.value.strip()
        if line.is_added and line.target_line_no is not None and code and not code.startswith("#"):
            yield line.target_line_no


def _below(path: Path, root: Path) -> str:
    return os.path.relpath(path, os.path.realpath(root)).replace(os.sep, "/")


def _unquoted(name: str) -> str:
    """A name from git's output without git's quotes. git quotes a name that holds quotes,
    backslashes or control characters.
    """
    if not (name.startswith('"') and name.endswith('"')):
        return name
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1]) or chr(int(match[1], 8)), name[1:-1])


def top_of(folder: Path) -> str:
    """The root of the repository around a folder. The folder itself if there is no repository or no
    git.
    """
    return _top(folder) or str(folder)


def prefix_of(folder: Path) -> str:
    """The path from the repository's root to a folder in it, such as ``dags/``. Empty outside of a
    repository.
    """
    top = _top(folder)
    if not top:
        return ""
    relative = os.path.relpath(os.path.realpath(folder), os.path.realpath(top)).replace(os.sep, "/")
    return "" if relative == "." else f"{relative}/"


def _top(folder: Path) -> str:
    # A comparison with a baseline also ends here, and needs no git.
    try:
        return git.ask(folder, "rev-parse", "--show-toplevel")
    except git.NotInstalled:
        return ""


def moved(path: Path, top: Path, to: Path) -> Path:
    """The same place in the other checkout, also for a path that leads there by links. A path
    outside the repository stays.
    """
    real = Path(os.path.realpath(top))
    for form in (path, Path(bounded.real(path))):
        for above in (top, real):
            if form == above or above in form.parents:
                return to / form.relative_to(above)
    return path


def is_outside(path: Path, top: Path) -> bool:
    """Whether a link leads this path out of its checkout."""
    return PurePath(os.path.realpath(top)) not in PurePath(os.path.realpath(path)).parents


def unversioned(path: Path, difference: Difference, tree: Path) -> Path | None:
    """The file of the working tree that replaces one which a checkout lacks because git ignores it,
    such as ``.env``. None for others.
    """
    if tree not in path.parents:
        return None
    there = difference.top / path.relative_to(tree)
    return there if os.path.isfile(there) and there not in difference.changed else None


def moved_environment(environment: Mapping[str, str], top: Path, to: Path) -> dict[str, str]:
    """The environment for the other checkout. Paths into the repository become paths into the
    checkout.
    """
    found = dict(environment)
    for name, value in environment.items():
        if name in ("PYTHONPATH", "AIRFLOW_HOME", "AIRFLOW_CONFIG") or name.startswith("AIRFLOW__"):
            parts = value.split(os.pathsep) if name == "PYTHONPATH" else [value]
            found[name] = os.pathsep.join(
                str(moved(Path(os.path.abspath(part)), top, to)) if _is_path(name, part) else part
                for part in parts
            )
    return found


def _is_path(name: str, value: str) -> bool:
    return os.path.isabs(value) or (name == "PYTHONPATH" and bool(value))
