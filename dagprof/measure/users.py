"""What experiments cannot show: who uses, in tasks perhaps, the names that a statement binds."""

from __future__ import annotations

import os
from collections.abc import Iterable

import msgspec

from dagprof.attribution.candidates import shown_path
from dagprof.attribution.uses import Use, bound_names, is_used, uses_elsewhere
from dagprof.model import Experiment, Measured, Need, Origin, Place


class Users:
    """Knows which files load which of the user's modules; each statement is looked into once."""

    def __init__(self, files: Iterable[Measured], root: str) -> None:
        self._root = root
        self._names: dict[str, str] = {}
        self._loading: dict[str, list[str]] = {}
        for measured in files:
            for module in measured.modules:
                if module.origin is Origin.USER and module.file.endswith(".py"):
                    self._names[module.file] = module.name
                    self._loading.setdefault(module.file, []).append(os.path.join(root, measured.result.path))
        self._known: dict[Place, tuple[tuple[Place, ...], bool]] = {}

    def noted(self, measured: Measured) -> Measured:
        """The file with what its experiments do not show."""
        experiments = tuple(map(self._noted, measured.result.experiments))
        result = msgspec.structs.replace(measured.result, experiments=experiments)
        noted: Measured = msgspec.structs.replace(measured, result=result)
        return noted

    def _noted(self, experiment: Experiment) -> Experiment:
        if experiment.need is not Need.NOT_NEEDED or len(experiment.without) > 1:
            return experiment
        place = experiment.without[0]
        if place not in self._known:
            self._known[place] = self._look(place)
        used_in, is_unused = self._known[place]
        noted: Experiment = msgspec.structs.replace(experiment, used_in=used_in, is_unused=is_unused)
        return noted

    def _look(self, place: Place) -> tuple[tuple[Place, ...], bool]:
        """The first use in each other file, and whether nothing uses the names at all."""
        file = os.path.join(self._root, place.file)
        names = bound_names(file, place.line)
        if not names:
            return (), False
        found: list[Use] = []
        if file in self._names:
            others = dict.fromkeys((*self._loading[file], *self._names))
            found = uses_elsewhere(self._names[file], names, (each for each in others if each != file))
        places = tuple(Place(file=shown_path(use.file, self._root), line=use.line) for use in found)
        return places, not found and not is_used(file, names)
