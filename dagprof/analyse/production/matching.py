"""Finds the scanned file behind each path of a deployment. Both sides may have other folders above
the DAG folder, such as ``/opt/airflow/dags`` and ``/home/me/project/dags``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from dagprof.model import ProductionFile

Parts = tuple[str, ...]
# Files with the same name in so many folders show nothing about the folders above.
_MOST_CANDIDATES = 20
_DEEPEST = 40


class _Folders(NamedTuple):
    """A folder of the deployment, and the folder here that has the same content."""

    there: Parts
    here: Parts


def matches(files: Sequence[ProductionFile], root: str, paths: Iterable[str]) -> dict[int, str]:
    """The path of the scanned file for each position in ``files`` that has one.

    Each bundle has one pair of folders: the pair that explains the most files. No scanned file
    belongs to two files of the deployment.
    """
    above = _parts(root)
    here = {above + _parts(path): path for path in paths}
    ends = _by_end(here)
    there = [_parts(file.path) for file in files]
    bundles: dict[str, list[int]] = {}
    for number, file in enumerate(files):
        bundles.setdefault(file.bundle, []).append(number)
    found = [
        _in_bundle({number: there[number] for number in numbers}, above, here, ends)
        for numbers in bundles.values()
    ]
    chosen: dict[int, str] = {}
    taken: set[str] = set()
    for bundle in sorted(found, key=len, reverse=True):
        for number, path in bundle.items():
            if path not in taken:
                taken.add(path)
                chosen[number] = path
    return chosen


def _parts(path: str) -> Parts:
    return tuple(part for part in PurePosixPath(path).parts if part != "/")


def _by_end(here: Iterable[Parts]) -> dict[Parts, list[Parts]]:
    """The scanned files by each end of their paths."""
    found: dict[Parts, list[Parts]] = {}
    for parts in here:
        for length in range(1, min(len(parts), _DEEPEST) + 1):
            found.setdefault(parts[-length:], []).append(parts)
    return found


def _in_bundle(
    there: dict[int, Parts], above: Parts, here: dict[Parts, str], ends: dict[Parts, list[Parts]]
) -> dict[int, str]:
    votes: Counter[_Folders] = Counter()
    for parts in there.values():
        votes.update(_candidates(parts, ends))
    best = _best(votes, above, len(here))
    if best is None:
        return {}
    length = len(best.there)
    return {
        number: here[best.here + parts[length:]]
        for number, parts in there.items()
        if parts[:length] == best.there and best.here + parts[length:] in here
    }


def _candidates(parts: Parts, ends: dict[Parts, list[Parts]]) -> set[_Folders]:
    """The folders that differ, for the scanned files whose paths have the longest common end."""
    length = 0
    while length < min(len(parts), _DEEPEST) and parts[-length - 1 :] in ends:
        length += 1
    candidates = ends[parts[-length:]] if length else []
    if len(candidates) > _MOST_CANDIDATES:
        return set()
    return {_Folders(parts[:-length], each[: len(each) - length]) for each in candidates}


def _best(votes: Counter[_Folders], above: Parts, scanned: int) -> _Folders | None:
    """The pair of folders that explains the most files. None if two pairs explain equally many, or
    if one common file name is all that there is.
    """
    if not votes:
        return None

    def rank(pair: _Folders) -> tuple[int, bool, int]:
        return votes[pair], pair.here == above, -len(pair.there)

    first, *rest = sorted(votes, key=rank, reverse=True)
    if rest and rank(rest[0]) == rank(first):
        return None
    is_at_root = first.here == above or first.here == above[: len(first.here)]
    return first if is_at_root or votes[first] > 1 or scanned == 1 else None
