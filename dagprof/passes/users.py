"""Finds uses that experiments cannot show: code that uses a statement's names elsewhere, perhaps in
tasks.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from functools import cached_property

import msgspec

from dagprof.attribution.candidates import shown_path
from dagprof.attribution.name_usage import (
    NameUse,
    bound_names,
    has_attribute,
    is_in_class,
    is_in_hints,
    is_reexported,
    is_used,
    modules_at,
    reads_module,
    uses_in,
)
from dagprof.model import Experiment, Measured, Need, Origin, Place


class Users:
    """Knows which files load each of the user's modules, and reads each source once."""

    def __init__(self, files: Sequence[Measured], root: str) -> None:
        self._root = root
        tried = {
            e.without[0] for measured in files for e in measured.result.experiments if _is_free(e)
        }
        self._names = {
            place: bound_names(os.path.join(root, place.file), place.line) for place in tried
        }
        self._modules: dict[str, str] = {}
        self._loading: dict[str, set[str]] = {}
        for measured in files if tried else ():
            for module in measured.modules:
                if module.origin is Origin.USER and module.file.endswith(".py"):
                    self._modules[module.file] = module.name
                    self._loading.setdefault(module.file, set()).add(
                        os.path.join(root, measured.result.path)
                    )

    @cached_property
    def _uses(self) -> dict[str, list[NameUse]]:
        """All uses of the tried statements' names in other files, by module."""
        wanted: dict[str, set[str]] = {}
        readers: dict[str, None] = {}
        for place, names in self._names.items():
            file = os.path.join(self._root, place.file)
            if file in self._modules and names:
                wanted.setdefault(self._modules[file], set()).update(names)
                readers.update(dict.fromkeys(sorted(self._loading[file])))
        found: dict[str, list[NameUse]] = {}
        for file in {**readers, **dict.fromkeys(self._modules)} if wanted else ():
            for module, use in uses_in(file, wanted):
                found.setdefault(module, []).append(use)
        return found

    def noted(self, measured: Measured) -> Measured:
        """Add to the file's experiments what they do not show."""
        experiments = tuple(map(self._noted, measured.result.experiments))
        result = msgspec.structs.replace(measured.result, experiments=experiments)
        noted: Measured = msgspec.structs.replace(measured, result=result)
        return noted

    def _noted(self, experiment: Experiment) -> Experiment:
        if not _is_free(experiment):
            return experiment
        place = experiment.without[0]
        file = os.path.join(self._root, place.file)
        names = frozenset(experiment.names) or self._names[place]
        elsewhere = self._used_in(file, names)
        is_alone = bool(names) and not elsewhere
        is_alone = is_alone and not is_reexported(file, place.line)
        is_carried = is_alone and self._is_carried(file, place.line, names)
        noted: Experiment = msgspec.structs.replace(
            experiment,
            used_in=elsewhere,
            is_unused=is_alone and not is_carried and not is_used(file, names),
            in_hints=is_alone and not is_carried and is_in_hints(file, names),
        )
        return noted

    def _is_carried(self, file: str, line: int, names: Collection[str]) -> bool:
        """Whether code can reach the import without its name.

        If a class imports in its body, every instance carries the import. A package carries each of
        its loaded modules, whichever file loaded them.
        """
        readers = sorted({file, *self._loading.get(file, ()), *self._modules})
        modules = modules_at(file, line)
        if modules and any(reads_module(reader, modules) for reader in readers if reader != file):
            return True
        return is_in_class(file, line) and any(has_attribute(reader, names) for reader in readers)

    def _used_in(self, file: str, names: Collection[str]) -> tuple[Place, ...]:
        """The first use of these names of ``file`` in each other file."""
        first: dict[str, NameUse] = {}
        for use in self._uses.get(self._modules.get(file, ""), ()):
            is_reader = use.file in self._loading[file] or use.file in self._modules
            if use.name in names and use.file != file and is_reader:
                first.setdefault(use.file, use)
        return tuple(
            Place(file=shown_path(use.file, self._root), line=use.line) for use in first.values()
        )


def _is_free(experiment: Experiment) -> bool:
    """Whether the experiment removed one statement and the parse did not need it."""
    is_single = len(experiment.without) == 1 and not experiment.kept
    return experiment.need is Need.NOT_NEEDED and is_single
