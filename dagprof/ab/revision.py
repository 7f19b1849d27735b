"""The other side of an A/B run: a commit of the user's repository in a git worktree, and what
differs from it.

What git lists is read with ``-z`` or compared as a whole where names matter: they may hold quotes,
line ends and bytes that are no UTF-8. Options of ``git diff`` are spelled out, because the user's
configuration may change each of their defaults.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from unidiff.patch import Hunk, PatchSet

from dagprof import git
from dagprof.errors import MeasurementError, UsageError

# Of the temporary folder of a worktree; the number of the process that made it follows.
PLACE = "dagprof-base-"
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_ESCAPES = dict(zip('abtnvfr"\\', '\a\b\t\n\v\f\r"\\', strict=True))


class Difference(NamedTuple):
    """What was compared. ``changed`` are absolute paths in the working tree, those that are only in
    the base too.

    ``renamed`` leads from the new path of what git takes for a rename to the old one.
    """

    top: Path
    commit: str
    described: str
    changed: tuple[Path, ...]
    renamed: Mapping[Path, Path]


def difference(folder: Path, revision: str) -> Difference:
    """What differs between the working tree around ``folder`` and the commit where ``revision`` and
    HEAD parted.

    Files that git does not know yet count as changed, ignored ones do not.

    :raises UsageError: no repository, no git, or no such revision.
    """
    outside = (
        "The DAG files are not in a git repository, which --against needs. Use --baseline FILE"
        " instead"
    )
    top = Path(git.demand(folder, "rev-parse", "--show-toplevel", otherwise=outside).strip("\n"))
    commit = _commit(top, revision)
    # Without a common commit there is nothing that both came from: the revision itself is the base.
    base = git.ask(top, "merge-base", commit, "HEAD") or commit
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
        otherwise="Git could not compare",
    )
    untracked = git.demand(
        top,
        "ls-files",
        "--others",
        "--exclude-standard",
        "-z",
        otherwise="Git could not list new files",
    )
    names, renamed = _listed(listed)
    names |= {name for name in untracked.split("\0") if name}
    return Difference(
        top,
        base,
        described,
        tuple(sorted(top / name for name in names)),
        {top / new: top / old for new, old in renamed.items()},
    )


def _commit(top: Path, revision: str) -> str:
    """The hash of the commit that a revision names."""
    hint = "fetch it first, or name a branch, tag or commit that `git log` shows"
    if revision.startswith("-"):
        raise UsageError(f"{revision!r} is not a revision; {hint}.")
    named = git.demand(
        top,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{revision}^{{commit}}",
        otherwise=f"{revision!r} is not a commit here; {hint}",
    ).strip("\n")
    # ``^HEAD`` is a revision too: one whose commits are left out.
    if not re.fullmatch(r"[0-9a-f]{40,64}", named):
        raise UsageError(f"{revision!r} is not a single commit; {hint}.")
    return named


def _listed(text: str) -> tuple[set[str], dict[str, str]]:
    """The names in what ``git diff --name-status -z`` lists, and the old names of renamed files
    by their new ones.
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


def remove_stale(top: Path) -> None:
    """Remove the worktrees of earlier runs that were killed before they could."""
    for line in git.ask(top, "worktree", "list", "--porcelain").splitlines():
        path = Path(line.removeprefix("worktree "))
        match = re.fullmatch(re.escape(PLACE) + r"(\d+)-.*", path.parent.name)
        if (
            line.startswith("worktree ")
            and match
            and path.exists()
            and not _is_running(int(match[1]))
        ):
            git.run(top, "worktree", "remove", "--force", "--force", str(path))
            shutil.rmtree(path.parent, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is another user's
    return True


@contextlib.contextmanager
def checked_out(difference: Difference, folder: Path) -> Iterator[Path]:
    """The base commit in a worktree at ``folder``, which does not exist yet; afterwards git knows
    nothing of it.

    :raises MeasurementError: git cannot check it out.
    """
    try:
        added = git.run(
            difference.top, "worktree", "add", "--detach", "--force", str(folder), difference.commit
        )
        if not added.succeeded:
            raise MeasurementError(
                f"git could not check out {difference.described} ({added.reason}). See `git"
                " worktree list`."
            )
        yield folder
    finally:
        # Not `worktree prune`: it would forget the user's own worktrees on disks that are not there
        # just now.
        git.run(difference.top, "worktree", "remove", "--force", "--force", str(folder))


def changed_lines(difference: Difference, root: Path) -> dict[str, tuple[int, ...]]:
    """The lines of code in the working tree that are not in the commit, by path relative to
    ``root``.

    Deleted lines count where they were; comments and empty lines are left out.
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
        ):  # `is_removed_file` also holds for one that was emptied
            path = difference.top / _unquoted(file.target_file).removeprefix("b/")
            found.setdefault(_below(path, root), []).extend(lines)
    return {name: tuple(lines) for name, lines in found.items()}


def _lines_of(hunk: Hunk) -> Iterator[int]:
    """The added lines that are not empty and no comment; of a hunk that only deletes, where the
    lines were.
    """
    if not hunk.target_length:
        yield max(1, hunk.target_start)
    for line in hunk:
        code = line.value.strip()
        if line.is_added and line.target_line_no is not None and code and not code.startswith("#"):
            yield line.target_line_no


def _below(path: Path, root: Path) -> str:
    return os.path.relpath(path, os.path.realpath(root)).replace(os.sep, "/")


def _unquoted(name: str) -> str:
    """A name as git shows it, which is in quotes where it holds quotes, backslashes or control
    characters.
    """
    if not (name.startswith('"') and name.endswith('"')):
        return name
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1]) or chr(int(match[1], 8)), name[1:-1])


def top_of(folder: Path) -> str:
    """The root of the repository around a folder; the folder itself outside of one, or where
    there is no git.
    """
    return _top(folder) or str(folder)


def prefix_of(folder: Path) -> str:
    """What leads from the repository's root to a folder in it, such as ``dags/``; empty outside
    of a repository.
    """
    top = _top(folder)
    if not top:
        return ""
    relative = os.path.relpath(os.path.realpath(folder), os.path.realpath(top)).replace(os.sep, "/")
    return "" if relative == "." else f"{relative}/"


def _top(folder: Path) -> str:
    # A comparison with a baseline ends here too, and needs no git.
    try:
        return git.ask(folder, "rev-parse", "--show-toplevel")
    except git.NotInstalled:
        return ""


def moved(path: Path, top: Path, to: Path) -> Path:
    """The same place in the other checkout, also for a path that leads there by links; one
    outside the repository stays.
    """
    real = Path(os.path.realpath(top))
    for form in (path, Path(os.path.realpath(path))):
        for above in (top, real):
            if form == above or above in form.parents:
                return to / form.relative_to(above)
    return path


def unversioned(path: Path, difference: Difference, tree: Path) -> Path | None:
    """The file of the working tree for one that a checkout lacks because git ignores it, such as
    ``.env``; None for others.
    """
    if tree not in path.parents:
        return None
    there = difference.top / path.relative_to(tree)
    return there if there.is_file() and there not in difference.changed else None


def moved_environment(environment: Mapping[str, str], top: Path, to: Path) -> dict[str, str]:
    """The environment for the other checkout: whatever points into the repository points there."""
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
