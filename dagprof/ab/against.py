"""An A/B run against a commit: its worktree, both sites, the question, and the results."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from dagprof.ab import affected, codelines, notes, revision, samecode, worktree
from dagprof.ab.duel import duel
from dagprof.ab.question import Duel, Question
from dagprof.ab.revision import Difference
from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.judge.judgement import Limits
from dagprof.link.target import Target, existing, resolve
from dagprof.measure import texts
from dagprof.measure.budget import Budget, ending
from dagprof.measure.rounds import Progress
from dagprof.measure.site import Site, scratch_folder
from dagprof.scratch import temporary_folder


class ABRequest(NamedTuple):
    """The request for an A/B run. ``limits`` returns the limits of a file for its shown path.
    ``budget_s`` limits the seconds of the whole A/B run.

    ``python`` is another interpreter for the other commit. ``every_file`` also measures files that
    the change cannot reach. ``sample`` limits the number of files if the environment changed.
    """

    revision: str
    limits: Callable[[str], Limits]
    false_alarms: float
    budget_s: float
    sample: int
    python: str | None = None
    every_file: bool = False


class ABRun(NamedTuple):
    """The measurement, the name of the other commit, and the changed lines by file relative to the
    repository's root.

    ``top`` is that root. ``tree`` is the root of the base while it was checked out. ``prefix``
    leads from either root to the bundle root.
    """

    duel: Duel
    base_name: str
    changed: codelines.Sorted
    top: str
    tree: str
    prefix: str


def measure(
    paths: Sequence[str],
    settings: Settings,
    asked: ABRequest,
    *,
    version: str,
    environ: Mapping[str, str],
    progress: Progress,
) -> ABRun:
    """Measure the files that differ from a commit, both versions in turns.

    :raises UsageError: paths, settings or revision are wrong, or there is no DAG file.
    :raises MeasurementError: Airflow cannot be imported, or git cannot check the commit out.
    """
    given, budget = existing(tuple(paths)), Budget(asked.budget_s)
    with (
        scratch_folder() as scratch,
        scratch_folder() as other_scratch,
        # Not in a scratch folder, whose files are not looked at.
        temporary_folder(worktree.PURPOSE) as place,
    ):
        target = resolve(settings, given, scratch, environ)
        progress.using(target.used)
        difference = revision.difference(target.root, asked.revision)
        progress.preparing(f"checking out {difference.described}")
        worktree.remove_stale(difference.top)
        # git shows this path with its links resolved.
        folder = Path(os.path.realpath(place)) / place.name
        with worktree.checked_out(difference, folder) as tree:
            elsewhere = _elsewhere(given, target.root, difference, tree)
            old_settings = _moved_settings(settings, target.root, difference, tree, asked.python)
            old = _old_target(old_settings, elsewhere, other_scratch, environ, difference, tree)
            progress.preparing(f"importing Airflow in {target.python} for both versions")
            sites = Site(old, old_settings, elsewhere), Site(target, settings, given)
            with _both(*sites, budget) as (base, head):
                same = samecode.unchanged(difference, tree, (base, head))
                question = _question(difference, same, tree, target.environment, base, head, asked)
                found = duel(base, head, question, budget, version=version, progress=progress)
            return _result(found, same, difference, tree, settings, asked, target.root)


def _result(
    found: Duel,
    same: Collection[Path],
    difference: Difference,
    tree: Path,
    settings: Settings,
    asked: ABRequest,
    root: Path,
) -> ABRun:
    """The measurement with all notes and the changed lines, while the base is checked out."""
    doubts = (
        *found.doubts,
        *notes.about_history(difference),
        *notes.about_same_code(same, difference),
        *notes.about_environment(difference, has_own_python=asked.python is not None),
        *(notes.about_limits(difference, tree, settings) if not asked.every_file else ()),
        *notes.about_shared_code(found, difference, tree),
    )
    unchanged = {path.relative_to(difference.top).as_posix() for path in same}
    lines = revision.changed_lines(difference, difference.top)
    lines = {name: numbers for name, numbers in lines.items() if name not in unchanged}
    return ABRun(
        found._replace(doubts=doubts),
        difference.described,
        codelines.sorted_out(lines, difference.top),
        str(difference.top),
        str(tree),
        revision.prefix_of(root),
    )


@contextlib.contextmanager
def _both(first: Site, second: Site, budget: Budget) -> Iterator[tuple[Site, Site]]:
    """Both sites, started at the same time, within the budget."""
    sites = (first, second)
    with contextlib.ExitStack() as stack:
        with ending(budget, partial(_abandon, sites)):
            starting: list[Future[Site]] = []
            try:
                with ThreadPoolExecutor(2) as pool:
                    starting += [pool.submit(site.__enter__) for site in sites]
                    _wait(starting, sites)
            finally:
                for site, start in zip(sites, starting, strict=False):
                    if start.exception() is None:
                        stack.push(site)
            for start in starting:
                start.result()
        yield first, second


def _wait(starting: Sequence[Future[Site]], sites: Sequence[Site]) -> None:
    """Wait until the sites have started. If the user interrupts this, they stop at once."""
    try:
        wait(starting)
    except BaseException:
        _abandon(sites)
        raise


def _abandon(sites: Iterable[Site]) -> None:
    for site in sites:
        site.abandon()


def _elsewhere(
    given: Sequence[Path], root: Path, difference: Difference, tree: Path
) -> tuple[Path, ...]:
    """The given paths that exist in the other commit. For a renamed file, the old path."""
    below = {new: old for new, old in difference.renamed.items() if root in old.parents}
    moved = tuple(revision.moved(below.get(path, path), difference.top, tree) for path in given)
    found = tuple(path for path in moved if os.path.exists(path) and path not in given)
    if not found:
        raise UsageError(
            f"Cannot find {', '.join(map(str, given))} in {difference.described}, so the gate has"
            " nothing to compare. To measure new folders, use `dagprof scan`."
        )
    return found


def _moved_root(root: Path, difference: Difference, tree: Path) -> Path:
    moved = revision.moved(root, difference.top, tree)
    if moved == root:
        raise UsageError(
            f"The bundle root {root} is outside the repository {difference.top}. Use --bundle-root"
            " to choose a bundle root inside the repository."
        )
    return moved


def _moved_settings(
    settings: Settings, root: Path, difference: Difference, tree: Path, python: str | None
) -> Settings:
    """The settings for measuring the other commit, with ``python`` if it names another interpreter.

    Folders in the settings become those of the other commit. A folder stays as given if it is
    outside the repository or missing in the commit.
    """

    def there(text: str) -> str:
        path = Path(os.path.abspath(os.path.expanduser(text)))
        moved = revision.moved(path, difference.top, tree)
        return str(moved if os.path.exists(moved) else path)

    changes: dict[str, object] = {
        "bundle_root": str(_moved_root(root, difference, tree)),
        "pythonpath": tuple(map(there, settings.pythonpath)),
    }
    for name in ("plugins", "airflow_home"):
        if (text := getattr(settings, name)) is not None:
            changes[name] = there(text)
    if python is not None:
        changes["python"] = python
    moved_settings: Settings = msgspec.structs.replace(settings, **changes)
    return moved_settings


def _old_target(
    settings: Settings,
    given: tuple[Path, ...],
    scratch: Path,
    environ: Mapping[str, str],
    difference: Difference,
    tree: Path,
) -> Target:
    """The other commit's target. Files that git does not keep, such as ``.env``, come from the
    working tree.
    """
    moved = revision.moved_environment(environ, difference.top, tree)
    return resolve(
        settings,
        given,
        scratch,
        moved,
        elsewhere=lambda path: revision.unversioned(path, difference, tree),
    )


def _question(
    difference: Difference,
    same: Collection[Path],
    tree: Path,
    environ: Mapping[str, str],
    base: Site,
    head: Site,
    asked: ABRequest,
) -> Question:
    environment = affected.environment_changes(difference.changed)
    everything = ""
    if asked.every_file:
        everything = "--all-files selects all files"
    elif asked.python is not None:
        everything = (
            f"The two versions use different interpreters ({base.target.python} and"
            f" {head.target.python})"
        )
    elif environment:
        everything = (
            f"{environment[0].relative_to(difference.top)} changed and may affect installed"
            " packages or Airflow settings"
        )
    changed = [path for path in difference.changed if path not in same]
    return Question(
        changed_base=[revision.moved(path, difference.top, tree) for path in changed],
        changed_head=changed,
        renamed={
            new: revision.moved(old, difference.top, tree)
            for new, old in difference.renamed.items()
        },
        roots=_roots(environ, difference.top),
        in_base=lambda path: revision.moved(path, difference.top, tree),
        is_outside=lambda path: revision.is_outside(
            path, tree if tree in path.parents else difference.top
        ),
        everything=everything,
        sample=None if asked.every_file else asked.sample,
        limits=asked.limits,
        false_alarms=asked.false_alarms,
    )


def _roots(environ: Mapping[str, str], top: Path) -> list[Path]:
    """Folders of the repository, besides the bundle root, from which its code is imported."""
    return [path for path in texts.code_folders(environ) if top in path.parents or path == top]
