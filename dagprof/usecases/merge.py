"""Merge: the Runs of several shards as one Run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from dagprof.errors import UsageError
from dagprof.judge import speeds
from dagprof.judge.scaling import scaled
from dagprof.measure.assemble import Assembler
from dagprof.model import Doubt, Run
from dagprof.quantities import parse_shard

# Settings that say which part of the files a Run holds, and others that may differ.
_PART = ("shard", "split")
_OWN = (*_PART, "jobs", "lookup_price")
_SHOWN = 5


def merge(runs: Mapping[str, Run], *, partial: bool = False) -> Run:
    """One Run with the files of all ``runs``, which have their names for messages. The times are
    those of the first Run's machine: the reference parses show how fast the others were.

    ``partial`` accepts that shards are missing.

    :raises UsageError: the Runs do not belong together, or a shard is missing.
    """
    if not runs:
        raise UsageError("Nothing to merge. Give the run files of all shards.")
    names, every = list(runs), list(runs.values())
    for name, run in runs.items():
        if why := next(_differences(every[0], run), ""):
            raise UsageError(f"Cannot merge {names[0]} and {name}: {why}.")
    missing = _missing(runs)
    if missing and not partial:
        raise UsageError(
            f"{_listed(missing)} missing. Give the run files of all shards, or use --partial to"
            " merge the others."
        )
    _check_paths(runs)
    return _merged(every, missing)


def _differences(first: Run, run: Run) -> Iterator[str]:
    """Why a Run does not belong to the first one."""
    for what, one, other in (
        ("dagprof versions", first.dagprof_version, run.dagprof_version),
        ("folders", first.root, run.root),
        ("Python versions", first.environment.python_version, run.environment.python_version),
        ("Airflow versions", first.environment.airflow_version, run.environment.airflow_version),
        *_packages(first, run),
        *(
            (f"settings of {name}", first.settings.get(name), run.settings.get(name))
            for name in sorted(first.settings.keys() | run.settings.keys())
            if name not in _OWN
        ),
    ):
        if one != other:
            yield f"the {what} differ ({one!s:.60} and {other!s:.60})"
    if first.settings.get("split") != run.settings.get("split"):
        yield (
            "the shards come from different splits; scan all shards with the same files and the"
            " same --shard-by"
        )
    if why := speeds.basis(first, run).why_not:
        yield why.replace("the baseline", "the first run").replace("this run", "the other")


def _packages(first: Run, run: Run) -> Iterator[tuple[str, str | None, str | None]]:
    one, other = first.environment.distributions, run.environment.distributions
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            yield f"versions of {name}", one.get(name), other.get(name)


def _missing(runs: Mapping[str, Run]) -> list[int]:
    """The numbers of the shards that no Run holds."""
    given = [run.settings.get("shard") for run in runs.values()]
    shards = [parse_shard(each) for each in given if isinstance(each, str)]
    if not shards:
        return []
    return sorted(set(range(1, shards[0][1] + 1)) - {number for number, _ in shards})


def _listed(missing: Sequence[int]) -> str:
    shown = ", ".join(map(str, missing[:_SHOWN]))
    if len(missing) == 1:
        return f"Shard {shown} is"
    return f"Shards {shown}{' and others' if missing[_SHOWN:] else ''} are"


def _check_paths(runs: Mapping[str, Run]) -> None:
    found: dict[str, str] = {}
    for name, run in runs.items():
        for file in run.files:
            if file.path in found:
                raise UsageError(
                    f"{found[file.path]} and {name} both contain {file.path}. Give each shard only"
                    " once."
                )
            found[file.path] = name


def _merged(runs: Sequence[Run], missing: Sequence[int]) -> Run:
    first = runs[0]
    assembler = Assembler()
    for run in runs:
        assembler.add_run(_at_the_speed_of(first, run))
    doubts = dict.fromkeys(doubt for run in runs for doubt in run.doubts)
    merged: Run = msgspec.structs.replace(
        first,
        created_at=min(run.created_at for run in runs),
        wall_s=max(run.wall_s for run in runs),
        settings={name: value for name, value in first.settings.items() if name not in _PART},
        files=assembler.files(),
        modules=assembler.modules(assembler.owners),
        import_sets=assembler.import_sets(),
        skipped=tuple(dict.fromkeys(each for run in runs for each in run.skipped)),
        doubts=(*doubts, *_notes(runs, missing)),
        preloading=None,
        lookup_prices=next((run.lookup_prices for run in runs if run.lookup_prices), None),
        paths=tuple(dict.fromkeys(path for run in runs for path in run.paths)),
    )
    return merged


def _at_the_speed_of(first: Run, run: Run) -> Run:
    """The Run with the times of the first Run's machine."""
    basis = speeds.basis(first, run)
    if basis.speed is None or abs(basis.factor - 1) <= speeds.SIGMAS * basis.speed.error:
        return run
    files = tuple(scaled(file, 1 / basis.factor) for file in run.files)
    changed: Run = msgspec.structs.replace(run, files=files)
    return changed


def _notes(runs: Sequence[Run], missing: Sequence[int]) -> Iterator[Doubt]:
    factors = [speeds.basis(runs[0], run).factor for run in runs]
    if max(factors) / min(factors) > 1.01:
        text = (
            f"The shards come from machines of different speeds: the slowest one took"
            f" {max(factors) / min(factors):.2f} times as long as the fastest one. dagprof scaled"
            " all times to the first shard's machine."
        )
        yield Doubt(code="merged-speeds", text=text)
    if missing:
        text = f"{_listed(missing)} missing, so the totals cover only a part of the DAG files."
        yield Doubt(code="missing-shards", text=text)
    if any(run.preloading is not None for run in runs):
        text = (
            "Preloading depends on all DAG files, so the merged run has no result for it. To"
            " measure preloading, scan the folder on one machine."
        )
        yield Doubt(code="merged-preloading", text=text)
