"""What the tasks of the ready-made DAG have to do."""

from __future__ import annotations

from typing import NamedTuple

# Options of ``dagprof scan`` that each task sets itself, or that make no sense in a task.
_OWN = ("--shard", "--shard-by", "-o", "--output-dir", "--resume", "--open")


class ShardedScan(NamedTuple):
    """A scan in ``shards`` parts. ``reports`` is a folder or the URL of an object storage."""

    paths: tuple[str, ...]
    reports: str
    shards: int
    options: tuple[str, ...] = ()
    partial: bool = False

    def check(self) -> None:
        """Raise ``ValueError`` for arguments with which no task could succeed."""
        if not self.paths:
            raise ValueError("scan_dag needs at least one path to scan.")
        if self.shards < 1:
            raise ValueError(f"scan_dag: shards must be at least 1, not {self.shards}.")
        for option in self.options:
            name = option.partition("=")[0]
            if name in _OWN or (option.startswith("-o") and not option.startswith("--")):
                raise ValueError(
                    f"scan_dag sets {name} itself. Remove {name} from the argument options."
                )
