"""Decides what to measure after a save."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dagprof.ab import affected
from dagprof.measure.warm.site import WarmSite
from dagprof.measure.warm.sources import Sources, changed_lines
from dagprof.model import Measured
from dagprof.passes import file
from dagprof.saved.values import Gone
from dagprof.surrogates import without_surrogates
from dagprof.usecases.watch.known import Known

# Airflow imports this module when it starts.
_LOCAL_SETTINGS = "airflow_local_settings.py"


class Due(NamedTuple):
    """A file to measure because ``saved`` was saved, as shown. ``lines`` are the changed lines, by
    file. ``renamed`` is the last result of the file under its earlier name.
    """

    path: Path
    saved: tuple[str, ...]
    lines: Mapping[str, Sequence[int]]
    renamed: Measured | None = None


class Plan(NamedTuple):
    """What is due, in order, and the files that Airflow no longer parses."""

    due: list[Due]
    gone: list[Gone]
    gone_paths: list[Path]


def needs_restart(saved: Collection[Path], site: WarmSite, loaded: Collection[str]) -> str:
    """Why the saves need a new zygote; empty if they need none. ``loaded`` are the real paths of
    the user's code that the zygote has loaded.
    """
    for path in sorted(saved):
        name = label(path, site)
        if path in site.settings_files:
            return f"{name} changed"
        is_plugin = any(folder in path.parents for folder in site.plugins_folders)
        if path.suffix == ".py" and is_plugin:
            return f"the plugin file {name} changed"
        if path.name == _LOCAL_SETTINGS or os.path.realpath(path) in loaded:
            return f"{name} changed, and Airflow imports this file only at startup"
    return ""


def label(path: Path, site: WarmSite) -> str:
    """A path for people: relative to the bundle root or to the current folder if it is below."""
    if path.is_relative_to(site.root):
        return site.shown(path)
    with contextlib.suppress(ValueError, OSError):
        path = path.relative_to(Path.cwd())
    shown: str = without_surrogates(path.as_posix())
    return shown


def _files(saved: Collection[Path]) -> Collection[Path]:
    """The saved paths that are files by now. Editors also leave the names of temporary files."""
    return [path for path in saved if path.is_file()] or saved


def planned(
    site: WarmSite,
    sources: Sources,
    known: Known,
    before: Sequence[Path],
    saved: Collection[Path],
    changed: Mapping[Path, tuple[bytes, bytes]],
    *,
    all_files: bool,
) -> Plan:
    """What the saves affect. ``before`` are the DAG files before the saves, ``changed`` the earlier
    and the present texts. With ``all_files``, the saves may affect every file.
    """
    files = site.files
    earlier, present = set(before), set(files)
    gone = [path for path in before if path not in present]
    written = known.written(site.root)
    counting = {path for path in saved if os.path.realpath(path) not in written}
    new = present - earlier
    direct = new | (sources.aliases(counting) & present)
    users = _users(site, sources, known, counting, direct)
    names = tuple(sorted(label(path, site) for path in _files(counting)))
    lines = {site.shown(path): changed_lines(*texts) for path, texts in changed.items()}
    order = [*sorted(direct, key=_age), *_slowest(known, users)]
    if all_files:
        order += _slowest(known, present - {*order})
    renamed = {path: _renamed(path, gone, known) for path in new}
    return Plan(
        [Due(path, names, lines, renamed.get(path)) for path in order],
        [Gone(path=site.shown(path), is_deleted=not path.exists()) for path in gone],
        gone,
    )


def _users(
    site: WarmSite, sources: Sources, known: Known, saved: set[Path], direct: set[Path]
) -> set[Path]:
    """The other DAG files that use what was saved: by the text of all sources, and without those
    whose last traced parse did not load or read it.
    """
    if not saved:
        return set()
    reached = sources.reached(saved, site.files) - direct
    really = {os.path.realpath(path) for path in saved}
    return {
        path
        for path in reached
        if (last := known.last(path)) is None or affected.is_touched(last, really, site.root)
    }


def _slowest(known: Known, files: Collection[Path]) -> list[Path]:
    return sorted(files, key=lambda path: (-known.expected_ms(path), path))


def _age(path: Path) -> float:
    """Sorts the file that was saved last to the front."""
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0


def _renamed(path: Path, gone: Sequence[Path], known: Known) -> Measured | None:
    """The last result of a file that is gone and had the same content."""
    if not gone:
        return None
    try:
        digest = file.identify(path)[0]
    except OSError:
        return None
    found = (known.last(other) for other in gone)
    return next((last for last in found if last and last.result.sha256 == digest), None)
