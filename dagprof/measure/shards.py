"""Splits the DAG files of a folder into shards, so that several machines can share one scan."""

from __future__ import annotations

import hashlib
import heapq
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dagprof.errors import UsageError
from dagprof.quantities import count

# What each file costs besides its parse time: processes, pipes and passes. In ms, or in bytes if
# only the sizes of the files are known.
_EACH_MS, _EACH_BYTES = 50.0, 5_000.0


class Shard(NamedTuple):
    """Part ``number`` of ``of`` parts, counted from 1. ``costs`` has the parse times of an earlier
    scan in ms, by path; empty to split by the sizes of the files.
    """

    number: int
    of: int
    costs: Mapping[str, float] = {}

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


class Part(NamedTuple):
    """The paths of one shard, and a digest of the whole split and of the files' sizes. Shards with
    another digest come from another split or from other files, and do not fit together.
    """

    paths: frozenset[str]
    digest: str


def part(sizes: Mapping[str, int], shard: Shard) -> Part:
    """The files of a shard. ``sizes`` has the size of every file in bytes, by path.

    The most expensive file goes first, each to the shard with the lowest cost so far. All shards
    then take about equally long (Graham's longest-processing-time rule, 1969).

    :raises UsageError: there are fewer files than shards.
    """
    if len(sizes) < shard.of:
        raise UsageError(
            f"{count(len(sizes), 'DAG file')} cannot be split into {shard.of} shards. Use at most"
            f" {count(len(sizes), 'shard')}."
        )
    costs = _costs(sizes, shard.costs)
    shards: list[tuple[float, int]] = [(0.0, number) for number in range(1, shard.of + 1)]
    parts: dict[int, list[str]] = {number: [] for number in range(1, shard.of + 1)}
    for path in sorted(costs, key=lambda path: (-costs[path], path)):
        load, number = heapq.heappop(shards)
        parts[number].append(path)
        heapq.heappush(shards, (load + costs[path], number))
    return Part(frozenset(parts[shard.number]), _digest(list(parts.values()), sizes))


def _costs(sizes: Mapping[str, int], known: Mapping[str, float]) -> dict[str, float]:
    here = [known[path] for path in sizes if path in known]
    if not here:
        return {path: _EACH_BYTES + size for path, size in sizes.items()}
    otherwise = statistics.median(here)  # a new file
    return {path: _EACH_MS + known.get(path, otherwise) for path in sizes}


def _digest(parts: Sequence[Sequence[str]], sizes: Mapping[str, int]) -> str:
    texts = ("\0".join(f"{path}\0{sizes[path]}" for path in sorted(paths)) for paths in parts)
    return hashlib.sha256("\0\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
