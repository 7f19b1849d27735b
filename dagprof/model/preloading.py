"""Preloading: modules that the DAG processor could import once before it forks the parsing
processes, and not in every parse.
"""

from __future__ import annotations

import statistics

from dagprof.model.base import Count, Frozen, Ms, SignedMs, Whole


class PreloadedPackage(Frozen, frozen=True):
    """A package that the DAG processor could preload, and the modules of the package to import.

    ``wall_ms`` and ``rss_kib`` are the time and the memory that the imports cost the DAG processor
    once. ``threads``, ``sockets`` and ``processes`` are the numbers of threads, open sockets and
    processes that the imports leave behind. Forked processes cannot use such threads, sockets and
    processes, so the package must not be preloaded. ``error`` is the reason why the import of a
    module fails.
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
        """Whether processes that the DAG processor forks later can use the package."""
        return not (self.threads or self.sockets or self.processes or self.error)


class PreloadedFile(Frozen, frozen=True):
    """The parses of one file that start with the preloaded modules.

    ``saving_ms`` and ``memory_kib`` contain one difference per round: an ordinary parse minus the
    next parse with the preloaded modules.
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
        """The median of the memory, in KiB, that a parse no longer allocates."""
        return float(statistics.median(self.memory_kib)) if self.memory_kib else 0.0


class Preloading(Frozen, frozen=True):
    """An experiment in which dagprof preloads all safe packages of ``packages`` together.

    ``loaded`` are the names of all modules that are in memory after the preloading. ``wall_ms`` and
    ``rss_kib`` are the time and the memory that preloading costs the DAG processor once. ``files``
    are the files that dagprof parsed with and without preloading. The slowest file comes first.
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
