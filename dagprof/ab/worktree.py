"""The base commit in a git worktree, which is removed afterwards.

If a run is killed, the next run removes its worktree. To know that a worktree is in use, each run
holds a lock in the repository. A lock next to the files would not do: another container may use the
repository with a temporary folder that is not visible here.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from dagprof import git, scratch
from dagprof.ab.revision import Difference
from dagprof.errors import MeasurementError

# Part of the name of the temporary folder around a worktree. The worktree has the same name.
PURPOSE = "base"
_LOCK = ".lock"


@contextlib.contextmanager
def checked_out(difference: Difference, folder: Path) -> Iterator[Path]:
    """The base commit in a worktree at ``folder``, which does not exist yet; afterwards git knows
    nothing of it.

    :raises MeasurementError: git cannot check it out.
    """
    top = difference.top
    with _announced(top, folder.name):
        try:
            added = git.run(
                top, "worktree", "add", "--detach", "--force", str(folder), difference.commit
            )
            if not added.succeeded:
                raise MeasurementError(
                    f"git cannot check out {difference.described} ({added.reason}). Run `git"
                    " worktree list` to find the cause."
                )
            yield folder
        finally:
            # Not `worktree prune`: it would forget the user's own worktrees on disks that are not
            # there just now.
            git.run(top, "worktree", "remove", "--force", "--force", str(folder))


def remove_stale(top: Path) -> None:
    """Remove the worktrees of earlier runs that were killed before they could."""
    common = _common(top)
    noted = _names(common / "worktrees")
    locks = {name.removesuffix(_LOCK) for name in _names(common) if name.endswith(_LOCK)}
    for name in noted | locks:
        if scratch.is_name(name, PURPOSE):
            with contextlib.suppress(OSError):
                _remove_if_stale(common, name)


def _remove_if_stale(common: Path, name: str) -> None:
    note, file = common / "worktrees" / name, common / f"{name}{_LOCK}"
    tree = _tree(note)
    is_of_user = tree is not None and not tree.name == tree.parent.name == name
    if is_of_user or not (scratch.is_mine(note) and scratch.is_mine(file)):
        return
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        if scratch.acquire(lock):
            if tree is not None:
                scratch.remove_if_abandoned(tree.parent)
            # `git worktree remove` does the same, but refuses an incomplete worktree.
            scratch.remove(note)
            with contextlib.suppress(OSError):  # the repository has other worktrees
                note.parent.rmdir()
            file.unlink()
    finally:
        os.close(lock)


def _tree(note: Path) -> Path | None:
    """The path of a worktree in git's notes; None if git was killed before it wrote the path."""
    try:
        written = (note / "gitdir").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    return Path(os.path.normpath(note / written.strip("\n"))).parent


@contextlib.contextmanager
def _announced(top: Path, name: str) -> Iterator[None]:
    """Hold the lock that tells other runs that the worktree of this name is in use."""
    file = _common(top) / f"{name}{_LOCK}"
    try:
        lock = scratch.locked_file(file)
    except OSError as error:
        raise MeasurementError(
            f"Cannot write to {str(file.parent)!r} ({error.strerror}), so git cannot create a"
            " worktree. Make the folder writable, or use --baseline FILE instead."
        ) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink()
        os.close(lock)


def _common(top: Path) -> Path:
    """The folder of the repository that all its worktrees share, mostly ``.git``."""
    return top / (git.ask(top, "rev-parse", "--git-common-dir") or ".git")


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()
