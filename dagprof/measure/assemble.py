"""Joins measured files to one Run and stores shared data once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dagprof.model import Doubt, Edge, FileResult, Measured, Module, Run, StatementMemory, Trace
from dagprof.quantities import count

_SAME_ID = "same-dag-id"


class Assembler:
    """Collects measured files. Modules differ by name and file, import sets by their contents."""

    def __init__(self) -> None:
        self._modules: dict[tuple[str, str], Module] = {}
        self._places: dict[tuple[str, str], int] = {}
        self._sets: dict[tuple[Edge, ...], int] = {}
        self._files: list[FileResult] = []

    def add(self, measured: Measured) -> None:
        """Add one file."""
        places = [self._place(module) for module in measured.modules]
        sets = [self._set(edges, places) for edges in measured.import_sets]
        self._files.append(_moved(measured.result, places, sets))

    def add_run(self, run: Run) -> None:
        """Add all files of a Run, whose modules have their distributions already."""
        places = [self._place(module) for module in run.modules]
        sets = [self._set(edges, places) for edges in run.import_sets]
        for file in run.files:
            # ``files`` adds these notes again, for the files of all Runs.
            doubts = tuple(doubt for doubt in file.doubts if doubt.code != _SAME_ID)
            plain = msgspec.structs.replace(file, doubts=doubts)
            self._files.append(_moved(plain, places, sets))

    def _place(self, module: Module) -> int:
        key = module.name, module.file
        self._modules.setdefault(key, module)
        return self._places.setdefault(key, len(self._places))

    def _set(self, edges: tuple[Edge, ...], places: Sequence[int]) -> int:
        return self._sets.setdefault(_moved_edges(edges, places), len(self._sets))

    @property
    def module_files(self) -> list[str]:
        """The files of the modules so far, in the order of their positions."""
        return [module.file for module in self._modules.values()]

    def files(self) -> tuple[FileResult, ...]:
        """The files, by path."""
        return _noting_doubles(sorted(self._files, key=lambda file: file.path))

    def import_sets(self) -> tuple[tuple[Edge, ...], ...]:
        """Each import set once, in the order of their positions."""
        return tuple(self._sets)

    def modules(self, distributions: Iterable[str] | None = None) -> tuple[Module, ...]:
        """The modules with their distributions, which are in the order of ``module_files``. None if
        the modules have them already.
        """
        if distributions is None:
            return tuple(self._modules.values())
        return tuple(
            msgspec.structs.replace(module, distribution=distribution)
            for module, distribution in zip(self._modules.values(), distributions, strict=True)
        )


def _noting_doubles(files: Sequence[FileResult]) -> tuple[FileResult, ...]:
    """The files. A file that shares a DAG id with others gets a note of that."""
    places: dict[str, list[str]] = {}
    for file in files:
        for dag_id in file.dag_ids:
            places.setdefault(dag_id, []).append(file.path)
    return tuple(
        _noting_double(file, {name: places[name] for name in file.dag_ids}) for file in files
    )


def _noting_double(file: FileResult, places: Mapping[str, Sequence[str]]) -> FileResult:
    shared = [name for name, paths in places.items() if len(paths) > 1]
    if not shared:
        return file
    others = [path for path in places[shared[0]] if path != file.path]
    subject = (
        f"DAG {shared[0]} is"
        if len(shared) == 1
        else f"DAG {shared[0]} and {count(len(shared) - 1, 'more DAG')} are"
    )
    text = (
        f"{subject} also defined in {', '.join(others[:3])}"
        f"{' and other files' if len(others) > 3 else ''}. Airflow keeps only the definition that"
        " it parsed last."
    )
    noted: FileResult = msgspec.structs.replace(
        file, doubts=(*file.doubts, Doubt(code=_SAME_ID, text=text))
    )
    return noted


def _moved_edges(edges: Iterable[Edge], places: Sequence[int]) -> tuple[Edge, ...]:
    return tuple(
        msgspec.structs.replace(
            edge, target=places[edge.target], importer=_moved_place(edge.importer, places)
        )
        for edge in edges
    )


def _moved_place(place: int, places: Sequence[int]) -> int:
    return places[place] if place >= 0 else place


def _moved(file: FileResult, places: Sequence[int], sets: Sequence[int]) -> FileResult:
    """The same result with positions that point into the Run."""
    if file.trace is None:
        return file
    loads = msgspec.structs.replace(
        file.trace.loads,
        module=tuple(places[module] for module in file.trace.loads.module),
        importer=tuple(_moved_place(importer, places) for importer in file.trace.loads.importer),
        imports=tuple(sets[position] for position in file.trace.loads.imports),
    )
    trace: Trace = msgspec.structs.replace(
        file.trace,
        loads=loads,
        edges=_moved_edges(file.trace.edges, places),
        memory=tuple(
            StatementMemory(
                importer=_moved_place(row.importer, places), line=row.line, grown_kib=row.grown_kib
            )
            for row in file.trace.memory
        ),
        helpers=tuple(
            msgspec.structs.replace(helper, module=places[helper.module])
            for helper in file.trace.helpers
        ),
    )
    return msgspec.structs.replace(file, trace=trace)
