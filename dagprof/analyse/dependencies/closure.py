"""The requirements between installed distributions, as their metadata states them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

_REQUIREMENT = re.compile(
    r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?[^;]*(?:;(.*))?", re.S
)
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


def normalised(name: str) -> str:
    """The name of a distribution or an extra in the form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Requirement(NamedTuple):
    """A requirement of a distribution: name and extras of the other distribution, the extras under
    which it applies, and whether it depends on other conditions.
    """

    name: str
    extras: tuple[str, ...]
    under: tuple[str, ...]
    is_conditional: bool


class Graph:
    """The requirements of all installed distributions. ``requires`` has the lines of the metadata
    by the name of the distribution.
    """

    def __init__(self, requires: Mapping[str, Iterable[str]]) -> None:
        self._requires = {
            normalised(name): tuple(filter(None, map(_read, lines)))
            for name, lines in requires.items()
        }

    def __contains__(self, name: str) -> bool:
        return normalised(name) in self._requires

    def requirements(self, name: str, extra: str | None = None) -> tuple[Requirement, ...]:
        """The requirements of a distribution: those without an extra, or those of one extra."""
        rows = self._requires.get(normalised(name), ())
        if extra is None:
            return tuple(row for row in rows if not row.under)
        return tuple(row for row in rows if normalised(extra) in row.under)

    def extras(self, name: str) -> frozenset[str]:
        """The extras under which a distribution has requirements."""
        return frozenset(
            extra for row in self._requires.get(normalised(name), ()) for extra in row.under
        )

    def closure(self, roots: Iterable[tuple[str, Collection[str]]]) -> set[str]:
        """All distributions that these distributions with these extras require, and they
        themselves. A requirement with conditions counts only if it is installed.
        """
        waiting = [(normalised(name), extra) for name, extras in roots for extra in ("", *extras)]
        seen = set(waiting)
        while waiting:
            name, extra = waiting.pop()
            for row in self.requirements(name, extra or None):
                if row.is_conditional and row.name not in self._requires:
                    continue
                for each in ("", *row.extras):
                    if (row.name, each) not in seen:
                        seen.add((row.name, each))
                        waiting.append((row.name, each))
        return {name for name, _ in seen}


def _read(line: str) -> Requirement | None:
    found = _REQUIREMENT.match(line)
    if found is None:
        return None
    marker = found[3] or ""
    under = tuple(normalised(extra) for extra in _EXTRA.findall(marker))
    rest = re.sub(r"\b(?:and|or)\b|[()\s]", "", _EXTRA.sub("", marker))
    extras = tuple(normalised(extra) for extra in (found[2] or "").split(",") if extra.strip())
    return Requirement(normalised(found[1]), extras, under, bool(rest))
