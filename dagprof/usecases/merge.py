"""Merge: the Runs of several shards as one Run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from dagprof.errors import UsageError
from dagprof.judge import speeds
from dagprof.judge.scaling import scaled
from dagprof.measure.assemble import Assembler
from dagprof.model import Doubt, Project, Run
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
            f"{missing}. Give the run files of all shards, or use --partial to merge only the given"
            " shards."
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
        ("commits", *(run.environment.git and run.environment.git.commit for run in (first, run))),
        *_differing("versions of", *(each.environment.distributions for each in (first, run))),
        *_differing(
            "values of Airflow's setting",
            *(each.environment.airflow_config for each in (first, run)),
        ),
        *(
            (f"values of the setting `{name}`", first.settings.get(name), run.settings.get(name))
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


def _differing(
    what: str, one: Mapping[str, str], other: Mapping[str, str]
) -> Iterator[tuple[str, str | None, str | None]]:
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            yield f"{what} {name}", one.get(name), other.get(name)


def _missing(runs: Mapping[str, Run]) -> str:
    """A clause that names the shards that no Run holds. Empty if there are none.

    :raises UsageError: a Run says something else about its shard than the others.
    """
    given: dict[int, str] = {}
    shards = 0
    for name, run in runs.items():
        if (text := run.settings.get("shard")) is None:
            continue
        number, of = parse_shard(str(text))
        if number in given:
            raise UsageError(
                f"{given[number]} and {name} are both shard {number}. Give each shard only once."
            )
        if shards not in (0, of):
            raise UsageError(
                f"{name} is one of {of} shards, but another run is one of {shards} shards. Give"
                " only run files of the same scan."
            )
        given[number], shards = name, of
    missing = [number for number in range(1, shards + 1) if number not in given]
    shown = ", ".join(map(str, missing[:_SHOWN]))
    if len(missing) > 1:
        return f"Shards {shown}{' and others' if missing[_SHOWN:] else ''} are missing"
    return f"Shard {shown} is missing" if missing else ""


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


def _merged(runs: Sequence[Run], missing: str) -> Run:
    first = runs[0]
    factors = [_factor(first, run) for run in runs]
    runs = [_at_speed(run, factor) for run, factor in zip(runs, factors, strict=True)]
    assembler = Assembler()
    for run in runs:
        assembler.add_run(run)
    doubts = dict.fromkeys(doubt for run in runs for doubt in run.doubts)
    lookup_price = next(filter(None, (run.settings.get("lookup_price") for run in runs)), None)
    own = {name: value for name, value in first.settings.items() if name not in _PART}
    merged: Run = msgspec.structs.replace(
        first,
        created_at=min(run.created_at for run in runs),
        wall_s=max(run.wall_s for run in runs),
        settings={**own, "lookup_price": lookup_price} if lookup_price is not None else own,
        files=assembler.files(),
        modules=assembler.modules(),
        import_sets=assembler.import_sets(),
        skipped=tuple(dict.fromkeys(each for run in runs for each in run.skipped)),
        doubts=(*doubts, *_notes(runs, factors, missing)),
        preloading=None,
        layers=None,
        lookup_prices=next((run.lookup_prices for run in runs if run.lookup_prices), None),
        project=_project(runs),
        production=next((run.production for run in runs if run.production), None),
        paths=tuple(dict.fromkeys(path for run in runs for path in run.paths)),
    )
    return merged


def _project(runs: Sequence[Run]) -> Project:
    """The project of the first Run, with the places of the modules that files of any Run lack."""
    homes = dict.fromkeys(home for run in runs for home in run.project.homes)
    project: Project = msgspec.structs.replace(runs[0].project, homes=tuple(homes))
    return project


def _factor(first: Run, run: Run) -> float:
    """How many times as long as the first Run's machine this Run's machine takes. 1 if the
    difference is within the error of the reference parses.
    """
    basis = speeds.basis(first, run)
    if basis.speed is None or abs(basis.factor - 1) <= speeds.SIGMAS * basis.speed.error:
        return 1.0
    return basis.factor


def _at_speed(run: Run, factor: float) -> Run:
    """The Run with the times of the first Run's machine."""
    if factor == 1:
        return run
    prices = run.lookup_prices
    changed: Run = msgspec.structs.replace(
        run,
        files=tuple(scaled(file, 1 / factor) for file in run.files),
        lookup_prices=None if prices is None else scaled(prices, 1 / factor),
    )
    return changed


def _notes(runs: Sequence[Run], factors: Sequence[float], missing: str) -> Iterator[Doubt]:
    if max(factors) > min(factors):
        text = (
            "The machines of the shards have different speeds. For the same parse, the slowest"
            f" machine took {max(factors) / min(factors):.2f} times as long as the fastest machine."
            " dagprof scaled all times to the machine of the first shard."
        )
        yield Doubt(code="merged-speeds", text=text)
    if missing:
        text = f"{missing}, so the totals cover only a part of the DAG files."
        yield Doubt(code="missing-shards", text=text)
    if any(run.preloading is not None for run in runs):
        text = (
            "The merged run proposes no preloading, because preloading depends on all DAG files. To"
            " measure preloading, scan the folder on one machine."
        )
        yield Doubt(code="merged-preloading", text=text)
