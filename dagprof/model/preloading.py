"""Preloading: modules that the DAG processor could import once, before it forks, instead of in
every parse.
"""

from __future__ import annotations

import statistics

from dagprof.model.base import Count, Frozen, Ms, SignedMs, Whole


class PreloadedPackage(Frozen, frozen=True):
    """A package to preload, and the modules of it to import.

    ``wall_ms`` and ``rss_kib`` are the time and the memory that the imports cost the manager once.
    ``threads``, ``sockets`` and ``processes`` count what the imports leave behind. A fork breaks
    these, so such a package must not be preloaded. ``error`` is the reason why a module cannot be
    imported.
    """

    name: str
    modules: tuple[str, ...]
    wall_ms: Ms = 0.0
    rss_kib: Count = 0
    threads: Count = 0
    sockets: Count = 0
    processes: Count = 0
    error: str = ""

    @property
    def is_safe(self) -> bool:
        """Whether processes that are forked later can use the package."""
        return not (self.threads or self.sockets or self.processes or self.error)


class PreloadedFile(Frozen, frozen=True):
    """The parses of one file from a process with the preloaded modules.

    ``saving_ms`` and ``memory_kib`` hold one difference per round: an ordinary parse minus the next
    parse with the preloaded modules.
    """

    path: str
    saving_ms: tuple[SignedMs, ...]
    memory_kib: tuple[Whole, ...] = ()

    @property
    def median_ms(self) -> float:
        """The median saving in ms."""
        return float(statistics.median(self.saving_ms)) if self.saving_ms else 0.0

    @property
    def median_kib(self) -> float:
        """The median of the memory that a parse no longer allocates."""
        return float(statistics.median(self.memory_kib)) if self.memory_kib else 0.0


class Preloading(Frozen, frozen=True):
    """An experiment: the safe ones of ``packages`` are preloaded together.

    ``loaded`` are the names of all modules that are then in memory. ``wall_ms`` and ``rss_kib`` are
    the time and the memory that this costs the manager once. ``files`` are the files that dagprof
    parsed in both states, the most expensive first.
    """

    packages: tuple[PreloadedPackage, ...]
    loaded: tuple[str, ...] = ()
    wall_ms: Ms = 0.0
    rss_kib: Count = 0
    files: tuple[PreloadedFile, ...] = ()

    @property
    def safe(self) -> tuple[PreloadedPackage, ...]:
        """The packages that dagprof preloaded."""
        return tuple(package for package in self.packages if package.is_safe)
