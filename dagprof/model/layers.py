"""The shared layer of a scan: packages that dagprof imported once for many DAG files."""

from __future__ import annotations

from dagprof.model.base import Count, Frozen, Ms


class Composed(Frozen, frozen=True):
    """One file whose parse time dagprof both composed and measured, in ms without the wait for a
    CPU.
    """

    path: str
    composed_ms: Ms
    measured_ms: Ms


class Layers(Frozen, frozen=True):
    """The imported names, the number of modules that came with them, and the ms of all imports.

    ``files`` counts the files with composed times. ``checked`` are files that were also measured in
    isolation. ``left_out`` are names that cannot be shared, each with the reason.
    """

    names: tuple[str, ...]
    modules: Count
    wall_ms: Ms
    files: Count
    checked: tuple[Composed, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
