"""Effects and imports that other DAG files of the base already have through the same line of a
helper. If a file begins to use this helper, such an effect is not a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from dagprof.gate.parsed import Parsed
from dagprof.model import Place
from dagprof.quantities import count


class Precedent(NamedTuple):
    """DAG files that have the same effect through the same place. ``may_be_more`` says that dagprof
    did not trace all DAG files, so more DAG files may have the effect.
    """

    place: Place
    paths: tuple[str, ...]
    may_be_more: bool

    def __str__(self) -> str:
        """``common/x.py:3 already causes this effect in 12 other DAG files``."""
        return f"{self.place} already causes this effect in {self.others}"

    @property
    def who(self) -> str:
        """The files as the beginning of a sentence: ``At least 12 other DAG files``."""
        return f"{self.others[0].upper()}{self.others[1:]}" if self.may_be_more else self.others

    @property
    def others(self) -> str:
        """``12 other DAG files``, or the name of the file if there is only one."""
        if len(self.paths) == 1 and not self.may_be_more:
            return self.paths[0]
        return (
            f"{'at least ' if self.may_be_more else ''}{count(len(self.paths), 'other DAG file')}"
        )


class Precedents:
    """The traced parses of the base by DAG file.

    ``changed`` holds the files whose line numbers moved. For places in such files, only the file is
    compared. ``may_be_more`` says that dagprof did not trace all files that use the same helpers.
    """

    def __init__(
        self,
        parses: Iterable[Parsed] = (),
        changed: Mapping[str, Sequence[int]] | None = None,
        *,
        may_be_more: bool = False,
    ) -> None:
        self._parses = {parse.file.path: parse for parse in parses}
        self._changed, self._may_be_more = changed or {}, may_be_more

    def of_effect(self, path: str, kind: str, what: str, place: Place) -> Precedent | None:
        """Other DAG files that have an effect of this kind at this place of a helper."""

        def does(parse: Parsed) -> bool:
            return any(
                (each.kind, each.what) == (kind, what)
                and self._is_same(parse.shown_place(each.file, each.line), place)
                for each in parse.file.effects
            )

        return self._found(path, place, does)

    def of_access(self, path: str, kind: str, key: str, place: Place) -> Precedent | None:
        """Other DAG files that read this Variable or Connection at this place of a helper."""

        def does(parse: Parsed) -> bool:
            return any(
                (each.kind, each.key) == (kind, key)
                and self._is_same(parse.shown_place(each.file, each.line), place)
                for each in parse.file.accesses
            )

        return self._found(path, place, does)

    def of_module(self, path: str, name: str, place: Place) -> Precedent | None:
        """Other DAG files that load a module because of the import at this place of a helper."""

        def does(parse: Parsed) -> bool:
            position = parse.loaded.get(name)
            if position is None:
                return False
            if place.file not in self._changed and place in parse.imports:
                return True
            return self._is_same(parse.blamed(position), place)

        return self._found(path, place, does)

    def _is_same(self, there: Place, here: Place) -> bool:
        return there == here or (there.file == here.file and here.file in self._changed)

    def _found(self, path: str, place: Place, does: Callable[[Parsed], bool]) -> Precedent | None:
        if place.file == path or not place.line:
            return None  # the file's own line, so no other file does it
        paths = tuple(
            sorted(each for each, parse in self._parses.items() if each != path and does(parse))
        )
        return Precedent(place, paths, self._may_be_more) if paths else None
